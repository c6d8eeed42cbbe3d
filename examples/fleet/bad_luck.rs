//! What happens to one object of a history each, so that there is one to show.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadLuck {
    /// Its first attempt hangs for good.
    Hangs,
    /// It is asked to go after its first attempt, and held for good.
    CannotGo,
}

impl BadLuck {
    pub(crate) fn of(number: usize) -> Option<Self> {
        match number {
            1 => Some(Self::Hangs),
            2 => Some(Self::CannotGo),
            _ => None,
        }
    }
}
