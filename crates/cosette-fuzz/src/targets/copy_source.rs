//! The copy source: what is read is a bucket of this service, a key and a version, and reading what
//! is printed gives the same.

use cosette_proto::copy_source::{parse, print};

/// See the module.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(source) = parse(text) else { return };
    let printed = print(&source, "myqcloud.com");
    assert_eq!(
        parse(&printed).as_ref(),
        Ok(&source),
        "printed as {printed:?}"
    );
    // A name of a bucket is all that is taken from a host: nothing in it could be dialled.
    let bucket = source.bucket.as_str();
    assert!(
        bucket
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
        "{bucket:?}"
    );
    let bare = text.strip_prefix('/').unwrap_or(text);
    let place = bare.split('/').next().unwrap_or_default();
    assert!(
        place.starts_with(bucket),
        "{bucket:?} is not what {place:?} begins with"
    );
    for never in ['@', ':', '%', '\\', '['] {
        assert!(!place.contains(never), "{place:?}");
    }
    assert!(!source.key.as_str().is_empty());
}
