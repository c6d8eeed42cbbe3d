//! Huffman codes for the symbols of deflate (RFC 1951), made of how often each was written.
//!
//! Every symbol has a code, written or not, so that whatever comes can be said.

use std::collections::VecDeque;
use std::iter::zip;

/// The shortest match there is.
pub(super) const MIN_MATCH: usize = 3;
/// The longest one.
pub(super) const MAX_MATCH: usize = 258;
/// The longest code.
const MAX_BITS: u32 = 15;
/// The symbol that ends a block; those of bytes are below, those of lengths above.
pub(super) const END: usize = 256;
/// The shortest length of each symbol, and how many bits say what is added to it.
const LENGTHS: [(usize, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
pub(super) const LITERALS: usize = END + 1 + LENGTHS.len();
pub(super) const DISTANCES: usize = 30;
/// What the first codes are made for.
const GUESS: &str = "0123456789 0123456789 0123456789\nkind=\"\",name=\"\",namespace=\"\"\n\
    # HELP The current status of a GitOps Toolkit resource reconciliation.\n# TYPE gauge\n";

/// Bits, from the lowest on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bits {
    pub(super) bits: u32,
    pub(super) len: u32,
}

impl Bits {
    /// Followed by `extra`.
    pub(super) fn then(self, extra: u32, len: u32) -> Self {
        Self {
            bits: self.bits | extra << self.len,
            len: self.len + len,
        }
    }
}

/// How often each was written since the codes were made.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) bytes: [u32; 256],
    pub(super) lengths: [u32; MAX_MATCH + 1],
    /// Of symbols.
    pub(super) distances: [u32; DISTANCES],
}

#[derive(Debug)]
pub(super) struct Codes {
    pub(super) literals: [Bits; LITERALS],
    pub(super) distances: [Bits; DISTANCES],
    /// Of each length, with what is added to that of its symbol.
    pub(super) lengths: [Bits; MAX_MATCH + 1],
}

impl Counts {
    /// For the first codes.
    pub(super) fn guess() -> Self {
        let mut counts = Self::new();
        for byte in GUESS.bytes() {
            if let Some(count) = counts.bytes.get_mut(usize::from(byte)) {
                *count += 1;
            }
        }
        counts
    }

    pub(super) fn new() -> Self {
        Self {
            bytes: [0; 256],
            lengths: [0; MAX_MATCH + 1],
            distances: [0; DISTANCES],
        }
    }
}

impl Codes {
    pub(super) fn new(counts: &Counts) -> Self {
        let of_symbol = |(shortest, extra): (usize, u32)| -> u32 {
            let lengths = counts.lengths.iter().skip(shortest);
            lengths.take(1_usize << extra).sum()
        };
        // The end of a block comes once.
        let symbols = counts.bytes.into_iter().chain([1]);
        let symbols = symbols.chain(LENGTHS.map(of_symbol));
        let mut of_symbols = [0; LITERALS];
        for (of_symbol, count) in zip(&mut of_symbols, symbols) {
            *of_symbol = count;
        }
        let literals = codes(&lengths(&of_symbols));
        let mut of_lengths = [Bits::default(); MAX_MATCH + 1];
        for ((shortest, extra), symbol) in zip(LENGTHS, END + 1..) {
            let code = literals.get(symbol).copied().unwrap_or_default();
            let places = of_lengths.iter_mut().skip(shortest);
            // The longest of all comes last and has a symbol of its own.
            for (place, added) in zip(places, 0..1 << extra) {
                *place = code.then(added, extra);
            }
        }
        Self {
            distances: codes(&lengths(&counts.distances)),
            lengths: of_lengths,
            literals,
        }
    }
}

/// How long the code of each symbol is: Huffman's, none too long.
fn lengths<const N: usize>(counts: &[u32; N]) -> [u32; N] {
    // What never came may come.
    let mut weights = counts.map(|count| 4 * count + 1);
    loop {
        let lengths = huffman(&weights);
        if lengths.iter().all(|length| *length <= MAX_BITS) {
            return lengths;
        }
        // The more alike they are, the shorter is the longest code.
        for weight in &mut weights {
            *weight = weight.div_ceil(2);
        }
    }
}

/// The two lightest are joined until one is left. What was joined comes in order of weight by
/// itself, so that two queues do.
fn huffman<const N: usize>(weights: &[u32; N]) -> [u32; N] {
    let mut leaves: Vec<(u32, usize)> = zip(*weights, 0..).collect();
    leaves.sort_unstable();
    let mut leaves = VecDeque::from(leaves);
    let mut joined: VecDeque<(u32, usize)> = VecDeque::new();
    let root = (2 * N).saturating_sub(2);
    let mut parents = vec![root; root];
    for parent in N..=root {
        let mut sum = 0;
        for _ in 0..2 {
            let queue = match (leaves.front(), joined.front()) {
                (Some((leaf, _)), Some((node, _))) if leaf > node => &mut joined,
                (None, _) => &mut joined,
                _ => &mut leaves,
            };
            let Some((weight, child)) = queue.pop_front() else {
                continue;
            };
            sum += weight;
            if let Some(of_child) = parents.get_mut(child) {
                *of_child = parent;
            }
        }
        joined.push_back((sum, parent));
    }
    // Each node comes behind its children.
    let mut depths = vec![0; root + 1];
    for (node, parent) in parents.iter().enumerate().rev() {
        let depth = depths.get(*parent).copied().unwrap_or_default();
        if let Some(of_node) = depths.get_mut(node) {
            *of_node = depth + 1;
        }
    }
    let mut lengths = [0; N];
    for (length, depth) in zip(&mut lengths, depths) {
        *length = depth;
    }
    lengths
}

/// The codes that follow from their lengths: RFC 1951, 3.2.2.
fn codes<const N: usize>(lengths: &[u32; N]) -> [Bits; N] {
    let mut codes = [Bits::default(); N];
    let mut next = 0_u32;
    for len in 1..=MAX_BITS {
        next <<= 1;
        for (code, _) in zip(&mut codes, lengths).filter(|(_, length)| **length == len) {
            // Codes alone are sent from their highest bit on.
            let bits = next.reverse_bits() >> (32 - len);
            *code = Bits { bits, len };
            next += 1;
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readers refuse codes that are too long, and such as leave something over.
    #[test]
    fn codes_are_complete_and_none_is_too_long() {
        // Twice the count of the one before: as unequal as can be.
        let doubling: [u32; DISTANCES] = std::array::from_fn(|place| 1 << (place / 2));
        let fibonacci = {
            let mut counts = [1; DISTANCES];
            for place in 2..DISTANCES {
                counts[place] = counts[place - 1] + counts[place - 2];
            }
            counts
        };
        for counts in [doubling, fibonacci, [0; DISTANCES], [1; DISTANCES]] {
            let lengths = lengths(&counts);
            assert!(lengths.iter().all(|length| (1..=MAX_BITS).contains(length)));
            let used: u32 = lengths.iter().map(|length| 1 << (MAX_BITS - length)).sum();
            assert_eq!(used, 1 << MAX_BITS, "{lengths:?}");
        }
    }
}
