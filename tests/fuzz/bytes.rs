//! Arbitrary bytes, read as numbers and texts.
//!
//! Never fails: behind the end everything is zero or empty, so that every input means something.

/// Pieces that some writer, parser or sort order has broken on; the fuzzer would be long in finding them.
const ATOMS: [&str; 16] = [
    "\"",
    "\\",
    "\n",
    "\\n",
    "\r",
    "\0",
    "# EOF\n",
    "} 1\n",
    "\",le=\"1",
    "\u{feff}",
    "\u{202e}",
    "İ",
    "\u{2028}",
    "\u{10ffff}",
    "😀",
    "e\u{301}",
];
/// Longer than every label may be.
const LONG: usize = 400;

pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// A number below `end`, which is not zero.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    pub(crate) fn choose<T: Copy, const N: usize>(&mut self, all: [T; N]) -> T {
        all[self.below(N)]
    }

    /// A text of a few pieces: any character, one that is known to be awkward, or many of one.
    pub(crate) fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.below(4) {
            match self.byte() {
                byte @ 0..=0x7f => text.push(char::from(byte)),
                0x80..=0xbf => text.push_str(ATOMS[self.below(ATOMS.len())]),
                0xc0..=0xdf => text.push(self.character()),
                length => {
                    let character = self.character();
                    let length = match length {
                        // Around the caps of a kind and of a name.
                        0xe0..=0xe7 => 60 + usize::from(length & 7),
                        0xe8..=0xef => 249 + usize::from(length & 7),
                        _ => LONG,
                    };
                    text.extend(std::iter::repeat_n(
                        character,
                        length / character.len_utf8(),
                    ));
                }
            }
        }
        text
    }

    fn character(&mut self) -> char {
        let number = [self.byte(), self.byte(), self.byte()];
        let number = number
            .iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte));
        char::from_u32(number).unwrap_or('\u{fffd}')
    }
}
