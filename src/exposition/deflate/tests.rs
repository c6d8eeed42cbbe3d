//! Whatever pieces come in whatever order, flate2 reads the text that was written.
//!
//! Random, but the same at each run.

use std::io::Read as _;

use fastrand::Rng;
use flate2::read::GzDecoder;

use super::super::sink::{Labels, Phrase, Sink};
use super::Deflate;

/// The text, told to a compressor and to a mere text.
struct Both {
    deflate: Deflate,
    compressed: Vec<u8>,
    text: String,
}

impl Both {
    fn new() -> Self {
        Self {
            deflate: Deflate::new(),
            compressed: Vec::new(),
            text: String::new(),
        }
    }

    fn end_chunk(&mut self) {
        self.text.push_str(&self.deflate.text);
        self.deflate.end_chunk().unwrap();
        self.compressed.extend(self.deflate.take());
    }

    #[track_caller]
    fn assert_read(mut self) -> usize {
        self.end_chunk();
        self.deflate.finish();
        self.compressed.extend(self.deflate.take());
        let mut decoder = GzDecoder::new(&*self.compressed);
        let mut read = String::new();
        decoder.read_to_string(&mut read).unwrap();
        assert!(read == self.text, "{} bytes", self.text.len());
        assert_eq!(decoder.into_inner(), b"", "behind the end of the member");
        self.compressed.len()
    }
}

/// Of letters that repeat themselves and each other, some of them long or with several bytes.
fn text(random: &mut Rng, longest: usize) -> String {
    let alphabet = [
        "a",
        "b",
        "\"",
        "\\",
        ",name=\"",
        "é",
        "\u{1f600}",
        "\n",
        "0",
    ];
    let pieces = (0..random.usize(..longest)).map(|_| *random.choice(&alphabet).unwrap());
    pieces.collect()
}

#[test]
fn whatever_is_written_is_read() {
    for seed in 0..100 {
        let mut random = Rng::with_seed(seed);
        let longest = *random.choice(&[2, 10, 100, 400]).unwrap();
        let mut phrases: Vec<Phrase> = (0..random.usize(1..20))
            .map(|_| Phrase::new(text(&mut random, longest)))
            .collect();
        let mut both = Both::new();
        for _ in 0..random.usize(..400) {
            let deflate = &mut both.deflate;
            match random.u8(..20) {
                0 => both.end_chunk(),
                1 => {
                    let longest = *random.choice(&[3, 300, 3000]).unwrap();
                    deflate.text().push_str(&text(&mut random, longest));
                }
                2..5 => {
                    let value = random.u16(..).to_string();
                    deflate.value(false, |out| out.push_str(&value));
                    // Said again at once, or after something else.
                    if random.bool() {
                        deflate.phrase(&mut phrases[0]);
                    }
                    deflate.value(true, |out| out.push_str(&value));
                }
                5..10 => {
                    let of_object = text(&mut random, longest);
                    let mut labels = Labels::new(&of_object);
                    for _ in 0..random.u8(..5) {
                        deflate.labels(&mut labels);
                        let phrase = random.usize(..phrases.len());
                        deflate.phrase(&mut phrases[phrase]);
                    }
                }
                10 => {
                    // As a family of which nothing more comes, and one that goes on.
                    let mut opening = Phrase::new(text(&mut random, longest));
                    deflate.phrase(&mut opening);
                    deflate.take_back(&mut opening);
                    both.end_chunk();
                    both.deflate.phrase(&mut opening);
                }
                _ => {
                    let phrase = random.usize(..phrases.len());
                    deflate.phrase(&mut phrases[phrase]);
                }
            }
        }
        both.assert_read();
    }
}

#[test]
fn a_match_reaches_as_far_back_as_a_reader_remembers_and_no_further() {
    const WINDOW: usize = 32 * 1024;
    let known: String = ('a'..'x').cycle().take(300).collect();
    let size = |between: usize| {
        let mut random = Rng::with_seed(1);
        let between: String = (0..between).map(|_| random.alphanumeric()).collect();
        let mut both = Both::new();
        let mut phrase = Phrase::new(known.clone());
        both.deflate.phrase(&mut phrase);
        both.deflate.phrase(&mut Phrase::new(between));
        both.deflate.phrase(&mut phrase);
        both.assert_read()
    };
    let (far, too_far) = (size(WINDOW - known.len()), size(WINDOW - known.len() + 1));
    assert!(far + 100 < too_far, "{far} and {too_far} bytes");
}

#[test]
fn matches_of_every_length_are_read() {
    for length in (1..1100).chain([40_000]) {
        let mut phrase = Phrase::new("ab".repeat(length).chars().take(length).collect());
        let mut both = Both::new();
        both.deflate.phrase(&mut phrase);
        both.deflate.value(false, |out| out.push('1'));
        both.deflate.phrase(&mut phrase);
        both.assert_read();
    }
}

/// Of all sizes, so that each end of flate2's output leaves another rest of the buffer.
#[test]
fn text_of_others_may_be_the_last() {
    let mut random = Rng::with_seed(5);
    let noise: String = (0..30_000).map(|_| random.alphanumeric()).collect();
    for length in (400..30_000).step_by(997) {
        let mut both = Both::new();
        both.deflate.text().push_str(&noise[..length]);
        both.end_chunk();
        both.deflate.text().push_str(&noise[length..]);
        both.assert_read();
    }
}

#[test]
fn nothing_is_an_empty_member() {
    assert!(Both::new().assert_read() < 25);
}

#[test]
fn text_of_others_goes_through_flate2_in_the_same_member() {
    let mut both = Both::new();
    let mut phrase = Phrase::new("a phrase of ours".to_owned());
    let others = "a line of another registry\n".repeat(5000);
    for _ in 0..3 {
        both.deflate.phrase(&mut phrase);
        both.deflate.text().push_str(&others);
        both.end_chunk();
        both.deflate.text().push_str(&others);
        both.deflate.phrase(&mut phrase);
    }
    assert!(both.assert_read() < 6 * others.len() / 20);
}
