//! Percent-encoding, in the one spelling that signatures and copy sources use.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const PATH: &AsciiSet = &VALUE.remove(b'/');

/// Encodes every byte except `A-Z a-z 0-9 - _ . ~`, with upper-case hexadecimal digits.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// As [`encode`], but leaves `/` as it is: for keys in paths.
pub fn encode_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// Decodes once; `+` stays a plus. `None` when an escape is cut or the bytes are not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let cut = |at: usize| {
        !bytes
            .get(at + 1..at + 3)
            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    };
    if bytes
        .iter()
        .enumerate()
        .any(|(at, byte)| *byte == b'%' && cut(at))
    {
        return None;
    }
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}

/// Decodes a part of a query once: as [`decode`], with `+` for a space.
pub fn decode_query(text: &str) -> Option<String> {
    if text.contains('+') {
        decode(&text.replace('+', "%20"))
    } else {
        decode(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_there_and_back() {
        assert_eq!(encode("a b/中*+~"), "a%20b%2F%E4%B8%AD%2A%2B~");
        assert_eq!(encode_path("a b/中"), "a%20b/%E4%B8%AD");
        assert_eq!(decode("a%20b%2f+").as_deref(), Some("a b/+"));
        assert_eq!(decode_query("a+b%2B").as_deref(), Some("a b+"));
        for bad in ["%", "%4", "%zz", "%ff", "a%"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
