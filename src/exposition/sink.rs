//! Where the lines of objects go: to a text, or to a compressor that is told what repeats.
//!
//! Whatever the sink, the text is the same.

/// Takes the pieces of a text, one behind the other.
pub(crate) trait Sink {
    /// The text, to append to it what nobody knows a repetition of.
    fn text(&mut self) -> &mut String;

    /// How long the text is.
    fn written(&self) -> usize;

    fn phrase(&mut self, phrase: &mut Phrase);

    fn labels(&mut self, labels: &mut Labels<'_>);

    /// What `write` appends: a number, perhaps that of the value before.
    fn value(&mut self, is_repeated: bool, write: impl FnOnce(&mut String));

    /// Removes `phrase` from the end of the text; what comes next begins with it or is another
    /// family.
    fn take_back(&mut self, phrase: &mut Phrase);
}

/// A piece that is written again and again.
#[derive(Debug, Default)]
pub(crate) struct Phrase {
    text: String,
    /// Where it was written last, or 0; means something to the sink.
    pub(super) last: u64,
}

/// The labels of an object, which each of its lines has.
#[derive(Debug)]
pub(crate) struct Labels<'a> {
    pub(super) text: &'a str,
    /// As that of a phrase.
    pub(super) last: u64,
}

impl Phrase {
    pub(super) fn new(text: String) -> Self {
        Self { text, last: 0 }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

impl<'a> Labels<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, last: 0 }
    }
}

/// Nothing but the text.
impl Sink for String {
    fn text(&mut self) -> &mut String {
        self
    }

    fn written(&self) -> usize {
        self.len()
    }

    fn phrase(&mut self, phrase: &mut Phrase) {
        self.push_str(&phrase.text);
    }

    fn labels(&mut self, labels: &mut Labels<'_>) {
        self.push_str(labels.text);
    }

    fn value(&mut self, _: bool, write: impl FnOnce(&mut String)) {
        write(self);
    }

    fn take_back(&mut self, phrase: &mut Phrase) {
        if let Some(rest) = self.strip_suffix(phrase.as_str()) {
            self.truncate(rest.len());
        }
    }
}
