//! Ranges: what is read lies inside the object, and reading what is printed gives the same.

use cosette_types::{ByteRange, ReadRange};

const SIZES: [u64; 6] = [0, 1, 10, 1 << 20, 5 << 40, u64::MAX];

/// See the module.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(range) = text.parse::<ByteRange>() {
        assert_eq!(range.to_string().parse(), Ok(range), "{range}");
        assert!(range.first() <= range.last());
        for size in SIZES {
            if let Some(span) = range.within(size) {
                assert!(
                    span.start <= span.end && span.end <= size,
                    "{span:?} of {size}"
                );
                assert_eq!(span.len() - 1, range.last() - range.first());
            } else {
                assert!(range.last() >= size);
            }
        }
    }
    if let Ok(range) = text.parse::<ReadRange>() {
        for size in SIZES {
            if let Some(span) = range.within(size) {
                assert!(
                    span.start < span.end && span.end <= size,
                    "{span:?} of {size}"
                );
            }
        }
    }
}
