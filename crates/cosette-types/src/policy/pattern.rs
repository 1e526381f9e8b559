//! Patterns of policies: texts with wildcards, and blocks of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::error::Error;

/// A text in which `*` stands for any text, an empty one included, and, where that is said, `?` for
/// one character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    question_mark: bool,
}

impl Pattern {
    /// With `*` alone, as in the COS dialect.
    pub fn with_stars(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            question_mark: false,
        }
    }

    /// With `*` and `?`, as in the S3 dialect.
    pub fn with_stars_and_question_marks(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            question_mark: true,
        }
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a text is of this pattern. Takes at most as many steps as the product of both lengths.
    pub fn matches(&self, text: &str) -> bool {
        let pattern = self.text.as_bytes();
        let text = text.as_bytes();
        let (mut p, mut t) = (0, 0);
        // Where to go on after the last star, if what follows it does not match here.
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            match pattern.get(p) {
                Some(b'*') => {
                    star = Some((p + 1, t));
                    p += 1;
                }
                Some(b'?') if self.question_mark => {
                    p += 1;
                    t = after_character(text, t);
                }
                Some(byte) if text.get(t) == Some(byte) => {
                    p += 1;
                    t += 1;
                }
                _ => match star {
                    Some((after, from)) => {
                        p = after;
                        t = from + 1;
                        star = Some((after, t));
                    }
                    None => return false,
                },
            }
        }
        pattern
            .get(p..)
            .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
    }
}

/// The place after the UTF-8 character that begins at `at`.
fn after_character(text: &[u8], at: usize) -> usize {
    let follows = |place: usize| text.get(place).is_some_and(|byte| byte & 0xc0 == 0x80);
    let mut after = at + 1;
    while follows(after) {
        after += 1;
    }
    after
}

/// A block of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpBlock {
    /// Its bits above the mask, of an IPv6 address (IPv4 as mapped into it).
    bits: u128,
    mask: u128,
}

fn mapped(address: IpAddr) -> u128 {
    let six: Ipv6Addr = match address {
        IpAddr::V4(four) => four.to_ipv6_mapped(),
        IpAddr::V6(six) => six,
    };
    six.to_bits()
}

impl IpBlock {
    /// Whether an address is in the block.
    pub fn contains(&self, address: IpAddr) -> bool {
        mapped(address) & self.mask == self.bits
    }
}

impl FromStr for IpBlock {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || Error::malformed("block of addresses", "10.0.0.0/8 or 10.0.0.1");
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let (address, offset): (IpAddr, u32) = match address.parse::<Ipv4Addr>() {
            Ok(four) => (four.into(), 96),
            Err(_) => (
                address.parse::<Ipv6Addr>().map_err(|_| malformed())?.into(),
                0,
            ),
        };
        let digits = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse::<u32>().ok())?
        };
        let length = match length {
            Some(length) => digits(length).ok_or_else(malformed)?,
            None => 128 - offset,
        };
        if length > 128 - offset {
            return Err(malformed());
        }
        let mask = u128::MAX.checked_shl(128 - offset - length).unwrap_or(0);
        Ok(Self {
            bits: mapped(address) & mask,
            mask,
        })
    }
}

impl fmt::Display for IpBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Ipv6Addr::from_bits(self.bits);
        write!(f, "{address}/{}", self.mask.leading_ones())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain meaning of a pattern, however slow.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => {
                (0..=text.len()).any(|skip| text.get(skip..).is_some_and(|t| naive(rest, t)))
            }
            Some((byte, rest)) => text
                .split_first()
                .is_some_and(|(first, text)| first == byte && naive(rest, text)),
        }
    }

    #[test]
    fn stars_mean_what_they_mean() {
        let letters = ["a", "b", "*", "ab", "*a", "b*", "", "**", "a*b*"];
        for one in letters {
            for two in letters {
                for three in letters {
                    let pattern = format!("{one}{two}{three}");
                    for text in ["", "a", "b", "ab", "ba", "aab", "abab", "bbaab"] {
                        assert_eq!(
                            Pattern::with_stars(pattern.clone()).matches(text),
                            naive(pattern.as_bytes(), text.as_bytes()),
                            "{pattern} {text}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_question_mark_is_one_character_where_it_is_one() {
        let pattern = Pattern::with_stars_and_question_marks("a?/*");
        assert!(pattern.matches("ab/c") && pattern.matches("a目/"));
        assert!(!pattern.matches("a/c") && !pattern.matches("abc/c"));
        assert!(!Pattern::with_stars("a?").matches("ab"));
        assert!(Pattern::with_stars("a?").matches("a?"));
    }

    #[test]
    fn a_pattern_that_could_take_for_ever_does_not() {
        let pattern = Pattern::with_stars("*a".repeat(200));
        assert!(!pattern.matches(&"b".repeat(850)));
    }

    #[test]
    fn blocks_of_addresses() {
        let inside = |block: &str, address: &str| {
            let block: IpBlock = block.parse().unwrap();
            block.contains(address.parse().unwrap())
        };
        assert!(inside("10.1.0.0/16", "10.1.255.255") && !inside("10.1.0.0/16", "10.2.0.0"));
        assert!(inside("10.1.2.3/16", "10.1.0.0"));
        assert!(inside("10.0.0.1", "10.0.0.1") && !inside("10.0.0.1", "10.0.0.2"));
        assert!(inside("0.0.0.0/0", "1.2.3.4") && !inside("0.0.0.0/0", "2001:db8::1"));
        assert!(inside("::/0", "1.2.3.4") && inside("2001:db8::/32", "2001:db8::7"));
        // The same address, whichever way the socket shows it.
        assert!(inside("10.0.0.0/8", "::ffff:10.9.8.7"));
        for bad in [
            "",
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.0/",
            "::/129",
            "10.0.0.0/+8",
            "a/8",
        ] {
            assert!(bad.parse::<IpBlock>().is_err(), "{bad}");
        }
    }
}
