//! Values of flags that are more than a word.

use std::ffi::OsStr;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use cosette::transfer::{ContentHeader, Edit};
use cosette::{Dialect, PrefixJobKind, RestoreTier};
use cosette_types::{CannedAcl, Directive, Grantee, Owner, StorageClass, Text, Timestamp};

/// A storage class, with those of COS in the help. Services of the S3 dialect have others; whether the
/// store at hand is one of them is known only later (`Connection::accepts_class`).
#[derive(Debug, Clone)]
pub(super) struct ClassParser;

impl TypedValueParser for ClassParser {
    type Value = StorageClass;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<StorageClass, clap::Error> {
        let any = StringValueParser::new().try_map(|text: String| class(&text));
        any.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let known = StorageClass::ALL.into_iter();
        Some(Box::new(
            known
                .filter_map(StorageClass::known_name)
                .map(PossibleValue::new),
        ))
    }
}

fn class(text: &str) -> Result<StorageClass, cosette_types::Error> {
    match text.eq_ignore_ascii_case("GLACIER") {
        // S3's name of it.
        true => Ok(StorageClass::Archive),
        false => StorageClass::told(text),
    }
}

/// A storage class.
pub(super) const fn storage_class() -> ClassParser {
    ClassParser
}

/// How requests are spelled and signed.
pub(super) fn dialect() -> impl TypedValueParser<Value = Dialect> {
    PossibleValuesParser::new(["cos", "s3"]).map(|name| match name.as_str() {
        "s3" => Dialect::S3,
        _ => Dialect::Cos,
    })
}

/// A preset ACL of an object.
pub(super) fn object_acl() -> impl TypedValueParser<Value = CannedAcl> {
    acl(CannedAcl::is_for_objects)
}

/// A preset ACL of a bucket.
pub(super) fn bucket_acl() -> impl TypedValueParser<Value = CannedAcl> {
    acl(CannedAcl::is_for_buckets)
}

/// A preset ACL of either.
pub(super) fn any_acl() -> impl TypedValueParser<Value = CannedAcl> {
    acl(|_| true)
}

fn acl(fits: fn(CannedAcl) -> bool) -> impl TypedValueParser<Value = CannedAcl> {
    let names = CannedAcl::ALL
        .into_iter()
        .filter(move |acl| fits(*acl))
        .map(CannedAcl::as_str);
    PossibleValuesParser::new(names.collect::<Vec<_>>())
        .map(|text| text.parse().expect("only the names of ACLs pass"))
}

/// Whether the source's metadata is kept.
pub(super) fn directive() -> impl TypedValueParser<Value = Directive> {
    PossibleValuesParser::new(["Copy", "Replaced"])
        .map(|text| text.parse().expect("only the two directives pass"))
}

/// The one directive that there is of encryption.
pub(super) fn copy_directive() -> impl TypedValueParser<Value = Directive> {
    PossibleValuesParser::new(["Copy"]).map(|_| Directive::Copy)
}

/// `name:value` of user metadata.
pub(super) fn meta(text: &str) -> Result<(String, Text), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| format!("`{text}` is not of the form name:value"))?;
    let value = value.parse().map_err(|why| format!("{name}: {why}"))?;
    Ok((name.trim().to_owned(), value))
}

/// `name:value` of one content header.
pub(super) fn header(text: &str) -> Result<Edit, String> {
    let (name, value) = meta(text)?;
    known_header(&name).map(|header| Edit::SetHeader(header, value))
}

/// The name of a content header that goes.
pub(super) fn header_name(text: &str) -> Result<Edit, String> {
    known_header(text).map(Edit::RemoveHeader)
}

/// `name:value` of one entry of user metadata.
pub(super) fn set_meta(text: &str) -> Result<Edit, String> {
    meta(text).map(|(name, value)| Edit::SetMeta(name, value))
}

/// The name of an entry of user metadata that goes.
pub(super) fn remove_meta(text: &str) -> Result<Edit, String> {
    Ok(Edit::RemoveMeta(text.trim().to_ascii_lowercase()))
}

fn known_header(name: &str) -> Result<ContentHeader, String> {
    ContentHeader::of(name.trim()).ok_or_else(|| {
        let all = ContentHeader::ALL.map(ContentHeader::as_str).join(", ");
        format!("`{name}` is not kept with an object; these are: {all}")
    })
}

/// What a prefix job does.
pub(super) fn job_kind(text: &str) -> Result<PrefixJobKind, String> {
    PrefixJobKind::of(text).ok_or_else(|| "write Move or Copy".to_owned())
}

/// How soon an archived object is wanted.
pub(super) fn restore_tier(text: &str) -> Result<RestoreTier, String> {
    RestoreTier::of(text).ok_or_else(|| "write Expedited, Standard or Bulk".to_owned())
}

/// How long: `900`, `15m`, `2h`, `7d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is no time; write seconds, or a unit as in 15m, 2h, 7d");
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| bad())?;
    let secs = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(bad()),
    };
    number
        .checked_mul(secs)
        .filter(|secs| *secs > 0)
        .map(Duration::from_secs)
        .ok_or_else(bad)
}

/// `key=value` of a tag.
pub(super) fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is not of the form key=value"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// One or several grantees: `id="100000000001"[, id="…"]`, or without `id=` and quotes, which
/// shells make hard to write.
/// A field of a form.
pub(super) fn field(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must have the form NAME=VALUE".to_owned()),
    }
}

pub(super) fn grantees(text: &str) -> Result<Vec<Grantee>, String> {
    if text.contains('=') {
        return Grantee::parse_list(text).map_err(|why| why.to_string());
    }
    text.split(',')
        .map(|one| {
            one.trim()
                .parse::<Owner>()
                .map(Grantee::User)
                .map_err(|why| why.to_string())
        })
        .collect()
}

/// A number of bytes: `1048576`, `1MiB`, `5G`; units are powers of 1024.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let bad = || format!("`{text}` is no size; write bytes, or a unit as in 512KiB, 1MiB, 5GiB");
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| bad())?;
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return Err(bad()),
    };
    number.checked_mul(1 << shift).ok_or_else(bad)
}

/// A time as headers and listings write it.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    cosette::date::parse(text.trim()).ok_or_else(|| {
        format!("`{text}` is no time; write it as in \"Fri, 10 Apr 2020 18:17:25 GMT\" or 2020-04-10T18:17:25Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_or_binary_units() {
        assert_eq!(size("0"), Ok(0));
        assert_eq!(size("1048576"), size("1MiB"));
        assert_eq!(size("1m"), size("1 MB"));
        assert_eq!(size("5GiB"), Ok(5_368_709_120));
        for bad in ["", "M", "-1", "1.5M", "1X", "99999999T"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn grantees_in_all_documented_forms() {
        let one = grantees("id=\"100000000011\"").unwrap();
        assert_eq!(grantees("100000000011").unwrap(), one);
        assert_eq!(
            grantees("qcs::cam::uin/100000000011:uin/100000000011").unwrap(),
            one
        );
        let two = r#"id="qcs::cam::uin/100000000001:uin/100000000001", id="qcs::cam::uin/100000000001:uin/100000000011""#;
        assert_eq!(grantees(two).unwrap().len(), 2);
        for bad in ["", "id=x", "bob", "id=\"1\",", "id=100000000011"] {
            assert!(grantees(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn metadata_is_a_name_and_a_value() {
        let (name, value) = meta("author: Zhang: San").unwrap();
        assert_eq!(
            (name.as_str(), value.to_text().as_str()),
            ("author", "Zhang: San")
        );
        assert!(meta("author").is_err() && meta("author:").is_err());
    }
}
