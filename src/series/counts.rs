//! The counts of a histogram's buckets, in as few bytes as they need.

/// Of each bucket, not cumulative.
pub(super) enum Counts {
    /// Flux's ten bounds and `+Inf`, within the record and half as wide, which spares a sixth of a
    /// full store's memory and a scrape a cache line to wait for.
    Narrow([u32; 11]),
    /// Other numbers of buckets, or a count that has outgrown that.
    Wide(Box<[u64]>),
}

impl Counts {
    pub(super) fn new(buckets: usize) -> Self {
        match buckets {
            11 => Self::Narrow([0; 11]),
            _ => Self::Wide(vec![0; buckets].into()),
        }
    }

    pub(super) fn add(&mut self, bucket: usize) {
        match self {
            Self::Narrow(counts) => {
                let Some(count) = counts.get_mut(bucket) else {
                    return;
                };
                if let Some(sum) = count.checked_add(1) {
                    *count = sum;
                } else {
                    *self = Self::Wide(counts.iter().map(|count| u64::from(*count)).collect());
                    self.add(bucket);
                }
            }
            Self::Wide(counts) => {
                if let Some(count) = counts.get_mut(bucket) {
                    *count += 1;
                }
            }
        }
    }

    pub(super) fn copy_to(&self, copy: &mut Vec<u64>) {
        match self {
            Self::Narrow(counts) => copy.extend(counts.iter().map(|count| u64::from(*count))),
            Self::Wide(counts) => copy.extend_from_slice(counts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(counts: &Counts) -> Vec<u64> {
        let mut copy = Vec::new();
        counts.copy_to(&mut copy);
        copy
    }

    #[test]
    fn a_count_that_outgrows_its_width_goes_on() {
        let mut narrow = [7; 11];
        narrow[3] = u32::MAX - 1;
        let mut counts = Counts::Narrow(narrow);
        let mut expected = vec![7; 11];
        for (bucket, count) in [
            (3, 0xffff_ffff),
            (3, 0x1_0000_0000),
            (3, 0x1_0000_0001),
            (10, 8),
        ] {
            counts.add(bucket);
            expected[bucket] = count;
            assert_eq!(copied(&counts), expected);
        }
    }
}
