//! Literals and matches as blocks of deflate (RFC 1951), each with Huffman codes of its own.
//!
//! There is room in the buffer before anything is put into it.

use super::codes::{Codes, Counts, DISTANCES, END, LITERALS, MAX_MATCH, MIN_MATCH};

/// How far back a match may reach.
pub(super) const WINDOW: u64 = 32 * 1024;
/// More than the codes of a block, an end and a word take.
const ROOM: usize = 512;

/// Writes deflate.
#[derive(Debug)]
pub(super) struct Blocks {
    /// Used again and again; what was written ends at `at`.
    buffer: Vec<u8>,
    at: usize,
    /// Those that do not fill a byte yet.
    bits: u64,
    held: u32,
    codes: Codes,
    counts: Counts,
    is_open: bool,
}

impl Blocks {
    pub(super) fn new() -> Self {
        Self {
            buffer: Vec::new(),
            at: 0,
            bits: 0,
            held: 0,
            codes: Codes::new(&Counts::guess()),
            counts: Counts::new(),
            is_open: false,
        }
    }

    /// How many bytes there are to take.
    pub(super) fn len(&self) -> usize {
        self.at
    }

    /// Takes what was written, all but the bits of a byte that is not full.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let taken = self.buffer.get(..self.at).unwrap_or_default().to_vec();
        self.at = 0;
        taken
    }

    #[inline]
    pub(super) fn literals(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        // So many fit into a word.
        for few in bytes.chunks(3) {
            let (mut bits, mut len) = (0, 0);
            for byte in few {
                let byte = usize::from(*byte);
                if let Some(count) = self.counts.bytes.get_mut(byte) {
                    *count += 1;
                }
                if let Some(code) = self.codes.literals.get(byte) {
                    bits |= u64::from(code.bits) << len;
                    len += code.len;
                }
            }
            self.put(bits, len);
        }
    }

    /// A match: what stood `distance` back, which is from 1 to `WINDOW`. A length below that of the
    /// shortest match is none.
    #[inline]
    pub(super) fn copy(&mut self, mut length: usize, distance: u32) {
        self.reserve(length);
        while length > MAX_MATCH {
            // What remains must be a match too.
            let part = MAX_MATCH.min(length - MIN_MATCH);
            self.copy_part(part, distance);
            length -= part;
        }
        self.copy_part(length, distance);
    }

    #[inline]
    fn copy_part(&mut self, length: usize, distance: u32) {
        let from_one = distance.saturating_sub(1);
        // Each power of two has two symbols, the lowest one for each distance.
        let extra = (from_one | 2).ilog2() - 1;
        let symbol = (2 * extra + (from_one >> extra)) as usize;
        if let Some(count) = self.counts.lengths.get_mut(length) {
            *count += 1;
        }
        if let Some(count) = self.counts.distances.get_mut(symbol) {
            *count += 1;
        }
        let codes = &self.codes;
        let length = codes.lengths.get(length).copied().unwrap_or_default();
        let code = codes.distances.get(symbol).copied().unwrap_or_default();
        let distance = code.then(from_one & ((1 << extra) - 1), extra);
        let both = u64::from(length.bits) | u64::from(distance.bits) << length.len;
        self.put(both, length.len + distance.len);
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// The next block has codes made of what was written since this was called last: looking ahead
    /// would mean to keep all that is to be written.
    pub(super) fn renew(&mut self) {
        self.end_block();
        self.codes = Codes::new(&self.counts);
        self.counts = Counts::new();
    }

    /// Ends the block and the byte.
    pub(super) fn align(&mut self) {
        self.end_block();
        // An empty block of stored bytes, which begin with a whole byte.
        self.put(0, 3);
        self.fill_byte();
        self.put(0xffff_0000, 32);
    }

    /// Ends the stream, and the byte.
    pub(super) fn finish(&mut self) {
        self.end_block();
        // The last block is empty, and its codes are those of the standard: the end is seven zeros.
        self.put(0b011, 10);
        self.fill_byte();
    }

    /// Bytes that are no block of ours; only behind a whole byte.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.reserve(1);
            self.put((*byte).into(), 8);
        }
    }

    /// So many bytes to write to, behind a whole byte; `wrote` has to follow.
    pub(super) fn room(&mut self, bytes: usize) -> &mut [u8] {
        self.reserve(bytes);
        self.buffer.get_mut(self.at..).unwrap_or_default()
    }

    pub(super) fn wrote(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Makes room for so much text: a byte of it becomes two at the very most.
    #[inline]
    fn reserve(&mut self, text: usize) {
        let needed = self.at + 2 * text + ROOM;
        if self.buffer.len() < needed {
            self.buffer.resize(needed + needed / 2, 0);
        }
    }

    /// Leaves room for what follows a block.
    fn end_block(&mut self) {
        self.reserve(0);
        if self.is_open {
            if let Some(code) = self.codes.literals.get(END) {
                self.put(code.bits.into(), code.len);
            }
            self.is_open = false;
        }
    }

    /// Begins a block, which says that it has codes of its own, and how long they are; none may be
    /// open.
    pub(super) fn open(&mut self) {
        self.is_open = true;
        self.reserve(0);
        // Not the last block; dynamic codes; how many symbols there are, less 257, 1 and 4.
        self.put(0b100, 3);
        self.put(LITERALS as u64 - 257, 5);
        self.put(DISTANCES as u64 - 1, 5);
        self.put(19 - 4, 4);
        // The lengths have codes themselves: nothing is gained by better ones than four bits for
        // each of 0 to 15, and none for the three ways to repeat, which come first.
        for symbol in 0..19 {
            self.put(if symbol < 3 { 0 } else { 4 }, 3);
        }
        let codes = self.codes.literals.iter().chain(&self.codes.distances);
        let lengths: Vec<u32> = codes.map(|code| code.len).collect();
        for length in lengths {
            self.put((length.reverse_bits() >> 28).into(), 4);
        }
    }

    /// At most 48, for which there has to be room.
    #[inline]
    fn put(&mut self, bits: u64, len: u32) {
        self.bits |= bits << self.held;
        self.held += len;
        let room = self.buffer.get_mut(self.at..).unwrap_or_default();
        if let Some(word) = room.first_chunk_mut() {
            *word = self.bits.to_le_bytes();
        }
        self.at += self.held as usize / 8;
        self.bits >>= self.held / 8 * 8;
        self.held %= 8;
    }

    fn fill_byte(&mut self) {
        self.put(0, (8 - self.held) % 8);
    }
}
