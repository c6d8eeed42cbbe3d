//! What compresses without a search writes the exposition, whatever that is.

use proptest::prelude::*;

use crate::config;
use crate::fuzzed::deflate;

/// With bytes that make many objects at once, more often than chance has them.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![3 => any::<u8>(), 1 => 64..128_u8];
    prop::collection::vec(byte, 0..120)
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn what_is_compressed_directly_is_the_exposition(data in data()) {
        deflate(&data);
    }
}
