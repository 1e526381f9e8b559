//! Values of the words that messages are made of, the awkward ones above all.

use cosette_types::{
    AclHeaders, AppId, BucketName, ByteRange, CannedAcl, ContentHeaders, CopySource, Crc64,
    CustomerKey, ETag, ETagMatch, Encryption, Grant, Grantee, Md5, Metadata, ObjectKey, Owner,
    PartNumber, Permission, Preconditions, ReadRange, Region, StorageClass, Tags, Text, Timestamp,
    UploadId, UserMetadata, VersionId,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Keys on which clients and servers have stumbled.
pub(crate) const AWKWARD_KEYS: &[&str] = &[
    ".",
    "..",
    "./a",
    "../a",
    "a/./b",
    "a//b",
    "a/",
    "a/../../b",
    "%",
    "%41",
    "%2F",
    "a%2Fb",
    "%zz",
    "a+b",
    "+",
    "a b",
    " a",
    "a ",
    "a?b=c",
    "a&b",
    "a=b",
    "a;b",
    "a#b",
    "a?versionId=x",
    "a?VersionId=",
    "uploads",
    "?uploads",
    "中文 1.jpg",
    "目录/图片 1.jpg",
    "\u{1f600}/\u{1f9d1}",
    "e\u{301}",
    "a\u{1}b",
    "a\tb",
    "a\r\nb",
    "\u{7f}",
    "\u{fffd}",
    "\u{202e}",
    "'\"<>&]]>",
    "~!@$^*()",
    "a!'()*~_-.$&+,;=:@?#[]%41.txt",
    "x-cos-copy-source",
    "http://a/b",
];

pub(crate) fn key() -> impl Strategy<Value = ObjectKey> {
    let longest = [
        "k".repeat(850),
        "键".repeat(283),
        "a/".repeat(425),
        "%".repeat(850),
    ];
    prop_oneof![
        select(AWKWARD_KEYS).prop_map(str::to_owned),
        "[a-z0-9]{1,8}(/[a-z0-9.]{0,4}){0,3}",
        "[^/\\\\\u{0}\u{18}-\u{1b}][^\u{0}\u{18}-\u{1b}]{0,40}",
        "[a.%+?&= /中\u{1f600}]{1,20}",
        select(longest.to_vec()),
    ]
    .prop_filter_map("not a key", |text| text.parse().ok())
}

/// What may stand for a key without being one: prefixes, markers, keys to delete.
/// A way of encryption that goes with a key: each of the three for a third of all.
pub(crate) fn encryption_for(key: &ObjectKey) -> Option<Encryption> {
    match key.as_str().len() % 3 {
        0 => None,
        1 => Some(Encryption::Managed),
        _ => Some(Encryption::Customer(CustomerKey::new([7; 32]))),
    }
}

/// A customer's key that goes with every other key.
pub(crate) fn customer_key_for(key: &ObjectKey) -> Option<CustomerKey> {
    (key.as_str().len() % 2 == 1).then(|| CustomerKey::new([9; 32]))
}

pub(crate) fn key_text() -> impl Strategy<Value = String> {
    prop_oneof![
        key().prop_map(|key| key.to_string()),
        "[^\u{0}]{1,30}",
        "[/\\\\\u{18}-\u{1b}]{1,3}"
    ]
}

pub(crate) fn prefix() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), key_text()]
}

pub(crate) fn delimiter() -> impl Strategy<Value = Option<char>> {
    option::of(prop_oneof![
        Just('/'),
        select(vec!['%', '+', '&', ' ', '中', '<']),
        "[^\u{0}]".prop_map(|text| text.chars().next().expect("one character"))
    ])
}

pub(crate) fn bucket() -> impl Strategy<Value = BucketName> {
    prop_oneof![
        Just("examplebucket-1250000000".to_owned()),
        "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?-[0-9]{1,12}",
    ]
    .prop_map(|name| name.parse().unwrap())
}

pub(crate) fn region() -> impl Strategy<Value = Region> {
    select(vec!["ap-guangzhou", "ap-beijing-1", "na-ashburn"])
        .prop_map(|name| name.parse().unwrap())
}

pub(crate) fn version_id() -> impl Strategy<Value = VersionId> {
    prop_oneof![
        Just("null".to_owned()),
        "MTg0NDUx[A-Za-z0-9]{10,19}",
        "[!-~]{1,30}"
    ]
    .prop_map(|id| id.parse().unwrap())
}

/// The version that a copy or a PUT makes: `null` is none.
pub(crate) fn made_version() -> impl Strategy<Value = Option<VersionId>> {
    option::of(version_id().prop_filter("a version of its own", |id| !id.is_null()))
}

pub(crate) fn upload_id() -> impl Strategy<Value = UploadId> {
    prop_oneof!["[0-9]{10}[0-9a-f]{64}", "[!-~]{1,30}"].prop_map(|id| id.parse().unwrap())
}

pub(crate) fn part_number() -> impl Strategy<Value = PartNumber> {
    (1..=10_000_u64).prop_map(|number| number.try_into().unwrap())
}

pub(crate) fn etag() -> impl Strategy<Value = ETag> {
    prop_oneof![
        "[0-9a-f]{32}",
        "[0-9a-f]{32}-[1-9][0-9]{0,4}",
        "[0-9a-f]{40}",
        "[!#-+./-~-]{1,20}"
    ]
    .prop_map(|tag| format!("\"{tag}\"").parse().unwrap())
}

pub(crate) fn crc64() -> impl Strategy<Value = Crc64> {
    prop_oneof![any::<u64>(), Just(0), Just(u64::MAX)].prop_map(Crc64)
}

pub(crate) fn md5() -> impl Strategy<Value = Md5> {
    any::<[u8; 16]>().prop_map(Md5)
}

/// Whole seconds: more does not travel.
pub(crate) fn time() -> impl Strategy<Value = Timestamp> {
    (0..4_102_444_800_u64).prop_map(Timestamp::from_secs)
}

pub(crate) fn text() -> impl Strategy<Value = Text> {
    let bytes = prop_oneof![0x20..=0x7e_u8, 0x80..=0xff_u8, Just(b'\t')];
    let sent = vec(bytes, 1..40).prop_filter_map("empty", |bytes| Text::from_bytes(&bytes).ok());
    prop_oneof![unicode_text(), sent]
}

pub(crate) fn unicode_text() -> impl Strategy<Value = Text> {
    let one = "[ -~]{1,30}|[ -~\u{a0}-\u{d7ff}]{1,20}|max-age=600|attachment; filename=\"中.jpg\"";
    one.prop_filter_map("empty", |text: String| text.parse().ok())
}

pub(crate) fn metadata() -> impl Strategy<Value = Metadata> {
    let one = || option::of(text());
    let content = (one(), one(), one(), one(), one(), one()).prop_map(|all| ContentHeaders {
        cache_control: all.0,
        content_disposition: all.1,
        content_encoding: all.2,
        content_language: all.3,
        content_type: all.4,
        expires: all.5,
    });
    let user = vec(("[a-z0-9._-]{1,12}", text()), 0..5).prop_map(|entries| {
        let mut user = UserMetadata::new();
        for (name, value) in entries {
            user.insert(&name, value).unwrap();
        }
        user
    });
    (content, user).prop_map(|(content, user)| Metadata { content, user })
}

pub(crate) fn storage_class() -> impl Strategy<Value = StorageClass> {
    select(StorageClass::ALL.to_vec())
}

pub(crate) fn owner() -> impl Strategy<Value = Owner> {
    prop_oneof![
        "[1-9][0-9]{0,11}".prop_map(|uin| Owner::root(&uin).unwrap()),
        ("[1-9][0-9]{0,11}", "[1-9][0-9]{0,11}")
            .prop_map(|(owner, sub)| Owner::sub(&owner, &sub).unwrap()),
    ]
}

pub(crate) fn list_owner() -> impl Strategy<Value = AppId> {
    "[0-9]{1,12}".prop_map(|digits| digits.parse().unwrap())
}

pub(crate) fn acl_headers(is_legal: fn(CannedAcl) -> bool) -> impl Strategy<Value = AclHeaders> {
    let canned: Vec<_> = CannedAcl::ALL
        .into_iter()
        .filter(|acl| is_legal(*acl))
        .collect();
    // Headers name users and everybody; the group of those who sign has its preset only.
    let grantee = || prop_oneof![owner().prop_map(Grantee::User), Just(Grantee::AllUsers)];
    let some = || vec(grantee(), 0..3);
    (
        option::of(select(canned)),
        some(),
        some(),
        some(),
        some(),
        some(),
    )
        .prop_map(|all| AclHeaders {
            canned: all.0,
            read: all.1,
            write: all.2,
            read_acp: all.3,
            write_acp: all.4,
            full_control: all.5,
        })
}

pub(crate) fn grants(permissions: &'static [Permission]) -> impl Strategy<Value = Vec<Grant>> {
    let grantee = prop_oneof![
        owner().prop_map(Grantee::User),
        Just(Grantee::AllUsers),
        Just(Grantee::AuthenticatedUsers)
    ];
    let grant = (grantee, select(permissions)).prop_map(|(grantee, permission)| Grant {
        grantee,
        permission,
    });
    vec(grant, 0..5)
}

pub(crate) fn preconditions() -> impl Strategy<Value = Preconditions> {
    let tags = || {
        option::of(prop_oneof![
            Just(ETagMatch::Any),
            vec(etag(), 1..3).prop_map(ETagMatch::OneOf)
        ])
    };
    (tags(), tags(), option::of(time()), option::of(time())).prop_map(|all| Preconditions {
        if_match: all.0,
        if_none_match: all.1,
        if_modified_since: all.2,
        if_unmodified_since: all.3,
    })
}

/// What writes ask of their target.
pub(crate) fn target_conditions() -> impl Strategy<Value = Preconditions> {
    preconditions().prop_map(|conditions| Preconditions {
        if_modified_since: None,
        ..conditions
    })
}

pub(crate) fn tags() -> impl Strategy<Value = Tags> {
    let word = "[a-zA-Z0-9 +_=.:/@中-]{1,20}";
    proptest::collection::btree_map(word, prop_oneof![Just(String::new()), word.boxed()], 0..10)
        .prop_map(|pairs| {
            let mut tags = Tags::new();
            for (key, value) in pairs {
                tags.insert(&key, &value).unwrap();
            }
            tags
        })
}

pub(crate) fn copy_source() -> impl Strategy<Value = CopySource> {
    (
        bucket(),
        option::of(region()),
        key(),
        option::of(version_id()),
    )
        .prop_map(|(bucket, region, key, version_id)| CopySource {
            bucket,
            region,
            key,
            version_id,
        })
}

pub(crate) fn byte_range() -> impl Strategy<Value = ByteRange> {
    (0..1_u64 << 50, 0..1_u64 << 40)
        .prop_map(|(first, more)| ByteRange::new(first, first + more).unwrap())
}

pub(crate) fn read_range() -> impl Strategy<Value = ReadRange> {
    prop_oneof![
        (any::<u32>(), any::<u32>()).prop_map(|(first, more)| {
            ReadRange::FromTo(first.into(), u64::from(first) + u64::from(more))
        }),
        any::<u64>().prop_map(ReadRange::From),
        any::<u64>().prop_map(ReadRange::Last),
    ]
}

pub(crate) fn page_size() -> impl Strategy<Value = Option<u16>> {
    option::of(0..=1000_u16)
}
