//! Who may do what: owners, grantees, grants and canned ACLs.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Why};
use crate::limits;

/// A user: the uin of the root account that owns it, and its own (the same for the root account).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    owner_uin: String,
    sub_uin: String,
}

const UIN_FORM: &str = "of 1 to 20 digits";

impl Owner {
    /// A root account.
    ///
    /// # Errors
    /// When the uin is not a number.
    pub fn root(uin: &str) -> Result<Self, Error> {
        Self::sub(uin, uin)
    }

    /// A sub-account of the root account `owner_uin`.
    ///
    /// # Errors
    /// When a uin is not a number.
    pub fn sub(owner_uin: &str, sub_uin: &str) -> Result<Self, Error> {
        let legal =
            |uin: &str| (1..=20).contains(&uin.len()) && uin.bytes().all(|b| b.is_ascii_digit());
        if legal(owner_uin) && legal(sub_uin) {
            Ok(Self {
                owner_uin: owner_uin.to_owned(),
                sub_uin: sub_uin.to_owned(),
            })
        } else {
            Err(Error::malformed("uin", UIN_FORM))
        }
    }

    /// The root account's uin.
    pub fn owner_uin(&self) -> &str {
        &self.owner_uin
    }

    /// The user's own uin.
    pub fn sub_uin(&self) -> &str {
        &self.sub_uin
    }

    /// Whether this is the root account itself.
    pub fn is_root_account(&self) -> bool {
        self.owner_uin == self.sub_uin
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "qcs::cam::uin/{}:uin/{}", self.owner_uin, self.sub_uin)
    }
}

impl FromStr for Owner {
    type Err = Error;

    /// Reads `qcs::cam::uin/<OwnerUin>:uin/<SubUin>`, or a bare uin, which means a root account.
    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || {
            Error::malformed(
                "grantee",
                "of a uin or qcs::cam::uin/<OwnerUin>:uin/<SubUin>",
            )
        };
        match text.strip_prefix("qcs::cam::uin/") {
            Some(rest) => {
                let (owner, sub) = rest.split_once(":uin/").ok_or_else(malformed)?;
                Self::sub(owner, sub).map_err(|_| malformed())
            }
            None => Self::root(text).map_err(|_| malformed()),
        }
    }
}

/// Who a grant is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// One user.
    User(Owner),
    /// Everybody, signed or not.
    AllUsers,
    /// Everybody who signs.
    AuthenticatedUsers,
}

impl Grantee {
    const ALL_USERS: &'static str = "http://cam.qcloud.com/groups/global/AllUsers";
    const AUTHENTICATED: &'static str = "http://cam.qcloud.com/groups/global/AuthenticatedUsers";
    const ALL_USERS_S3: &'static str = "http://acs.amazonaws.com/groups/global/AllUsers";
    const AUTHENTICATED_S3: &'static str =
        "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

    /// The URI of a group; `None` for a user.
    pub const fn group_uri(&self) -> Option<&'static str> {
        match self {
            Self::User(_) => None,
            Self::AllUsers => Some(Self::ALL_USERS),
            Self::AuthenticatedUsers => Some(Self::AUTHENTICATED),
        }
    }

    /// The URI of a group in the S3 dialect; `None` for a user.
    pub const fn group_uri_s3(&self) -> Option<&'static str> {
        match self {
            Self::User(_) => None,
            Self::AllUsers => Some(Self::ALL_USERS_S3),
            Self::AuthenticatedUsers => Some(Self::AUTHENTICATED_S3),
        }
    }

    /// The group that a URI of either dialect names.
    pub fn of_group_uri(uri: &str) -> Option<Self> {
        match uri {
            Self::ALL_USERS | Self::ALL_USERS_S3 => Some(Self::AllUsers),
            Self::AUTHENTICATED | Self::AUTHENTICATED_S3 => Some(Self::AuthenticatedUsers),
            _ => None,
        }
    }

    /// Reads the value of a grant header: `id="<grantee>"[, id="<grantee>"]…`.
    ///
    /// Blanks around commas are allowed, and `uin="…"`, which one of the documents writes. A group is
    /// named by `uri="…"`, as in the S3 dialect.
    ///
    /// # Errors
    /// When a grantee is none of the documented forms.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, Error> {
        Self::parse_grants(text, false)
    }

    /// The same in S3, where the quotes may be missing: aws-cli sends what it is given, and its manual
    /// gives it without.
    ///
    /// # Errors
    /// As [`Grantee::parse_list`].
    pub fn parse_list_s3(text: &str) -> Result<Vec<Self>, Error> {
        Self::parse_grants(text, true)
    }

    fn parse_grants(text: &str, may_be_bare: bool) -> Result<Vec<Self>, Error> {
        let malformed = || {
            Error::malformed(
                "grant",
                "id=\"<OwnerUin>\" or id=\"qcs::cam::uin/<OwnerUin>:uin/<SubUin>\", separated by commas",
            )
        };
        text.split(',')
            .map(|one| {
                let (name, value) = one.trim().split_once('=').ok_or_else(malformed)?;
                let (name, value) = (name.trim(), value.trim());
                let known = ["id", "uin", "uri"];
                if !known.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                    return Err(malformed());
                }
                let quoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
                let bare = (may_be_bare && !value.contains('"')).then_some(value);
                let id = quoted.or(bare).ok_or_else(malformed)?;
                if name.eq_ignore_ascii_case("uri") {
                    return Self::of_group_uri(id).ok_or_else(malformed);
                }
                if id == "qcs::cam::anyone:anyone" {
                    return Ok(Self::AllUsers);
                }
                id.parse().map(Self::User).map_err(|_| malformed())
            })
            .collect()
    }

    /// Prints grantees as [`Grantee::parse_list`] reads them.
    pub fn print_list(grantees: &[Self]) -> String {
        let mut text = String::new();
        for grantee in grantees {
            if !text.is_empty() {
                text.push_str(", ");
            }
            match grantee {
                Self::User(owner) => text.push_str(&format!("id=\"{owner}\"")),
                // Header grants name users; groups have their canned ACLs and their XML form.
                Self::AllUsers | Self::AuthenticatedUsers => {
                    text.push_str("id=\"qcs::cam::anyone:anyone\"");
                }
            }
        }
        text
    }
}

impl FromStr for Grantee {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse().map(Self::User)
    }
}

/// What a grant allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Reading: an object's bytes, a bucket's listing.
    Read,
    /// Writing objects into a bucket. Objects have no such permission.
    Write,
    /// Reading the ACL.
    ReadAcp,
    /// Writing the ACL.
    WriteAcp,
    /// All of these.
    FullControl,
}

impl Permission {
    /// The permission's name in ACL documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
            Self::ReadAcp => "READ_ACP",
            Self::WriteAcp => "WRITE_ACP",
            Self::FullControl => "FULL_CONTROL",
        }
    }

    /// Whether a grant of `self` allows `wanted`.
    pub fn allows(self, wanted: Self) -> bool {
        self == Self::FullControl || self == wanted
    }
}

impl FromStr for Permission {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        [
            Self::Read,
            Self::Write,
            Self::ReadAcp,
            Self::WriteAcp,
            Self::FullControl,
        ]
        .into_iter()
        .find(|permission| permission.as_str() == text)
        .ok_or(Error::new("permission", Why::Unknown))
    }
}

/// One entry of an ACL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// For whom.
    pub grantee: Grantee,
    /// To do what.
    pub permission: Permission,
}

/// A preset ACL, by its name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CannedAcl {
    /// `default`: no ACL of its own, the bucket's rules apply. Objects only.
    Default,
    /// `private`: the owner only.
    Private,
    /// `public-read`: everybody may read.
    PublicRead,
    /// `public-read-write`: everybody may read and write. Buckets only.
    PublicReadWrite,
    /// `authenticated-read`: everybody who signs may read.
    AuthenticatedRead,
    /// `bucket-owner-read`: the bucket's owner may read. Objects only.
    BucketOwnerRead,
    /// `bucket-owner-full-control`: the bucket's owner may do all. Objects only.
    BucketOwnerFullControl,
}

impl CannedAcl {
    /// All preset ACLs.
    pub const ALL: [Self; 7] = [
        Self::Default,
        Self::Private,
        Self::PublicRead,
        Self::PublicReadWrite,
        Self::AuthenticatedRead,
        Self::BucketOwnerRead,
        Self::BucketOwnerFullControl,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
            Self::AuthenticatedRead => "authenticated-read",
            Self::BucketOwnerRead => "bucket-owner-read",
            Self::BucketOwnerFullControl => "bucket-owner-full-control",
        }
    }

    /// Whether an object may have it.
    pub const fn is_for_objects(self) -> bool {
        !matches!(self, Self::PublicReadWrite)
    }

    /// Whether a bucket may have it.
    pub const fn is_for_buckets(self) -> bool {
        matches!(
            self,
            Self::Private | Self::PublicRead | Self::PublicReadWrite | Self::AuthenticatedRead
        )
    }

    /// The grants it stands for, beside the owner's own; those to the bucket's owner need to know it.
    pub fn grants(self, bucket_owner: &Owner) -> Vec<Grant> {
        let to = |grantee: Grantee, permission| Grant {
            grantee,
            permission,
        };
        let bucket_owner = || Grantee::User(bucket_owner.clone());
        match self {
            Self::Default | Self::Private => Vec::new(),
            Self::PublicRead => vec![to(Grantee::AllUsers, Permission::Read)],
            Self::PublicReadWrite => vec![
                to(Grantee::AllUsers, Permission::Read),
                to(Grantee::AllUsers, Permission::Write),
            ],
            Self::AuthenticatedRead => vec![to(Grantee::AuthenticatedUsers, Permission::Read)],
            Self::BucketOwnerRead => vec![to(bucket_owner(), Permission::Read)],
            Self::BucketOwnerFullControl => vec![to(bucket_owner(), Permission::FullControl)],
        }
    }
}

impl FromStr for CannedAcl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|acl| acl.as_str() == text)
            .ok_or(Error::new("ACL", Why::Unknown))
    }
}

impl fmt::Display for CannedAcl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The ACL that a request carries in its headers: a preset, grants, both or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AclHeaders {
    /// The preset.
    pub canned: Option<CannedAcl>,
    /// `grant-read`
    pub read: Vec<Grantee>,
    /// `grant-write`; on an object it stands for the right to write the ACL, as the seed has it.
    pub write: Vec<Grantee>,
    /// `grant-read-acp`
    pub read_acp: Vec<Grantee>,
    /// `grant-write-acp`
    pub write_acp: Vec<Grantee>,
    /// `grant-full-control`
    pub full_control: Vec<Grantee>,
}

impl AclHeaders {
    /// Nothing was given.
    pub const NONE: Self = Self {
        canned: None,
        read: Vec::new(),
        write: Vec::new(),
        read_acp: Vec::new(),
        write_acp: Vec::new(),
        full_control: Vec::new(),
    };

    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// `default` and nothing else: an object without an ACL of its own.
    pub const DEFAULT_ACL: Self = Self {
        canned: Some(CannedAcl::Default),
        read: Vec::new(),
        write: Vec::new(),
        read_acp: Vec::new(),
        write_acp: Vec::new(),
        full_control: Vec::new(),
    };

    /// The ACL of an object that these headers describe; `None` when it inherits its bucket's.
    ///
    /// # Errors
    /// When the preset is not one for objects, or there are more grants than an ACL may have.
    pub fn for_object(&self, bucket_owner: &Owner) -> Result<Option<Vec<Grant>>, Error> {
        if self.canned.is_some_and(|acl| !acl.is_for_objects()) {
            return Err(Error::new("ACL of an object", Why::Unknown));
        }
        let inherits = self.canned.is_none_or(|acl| acl == CannedAcl::Default);
        let grants = self.grants(bucket_owner, Permission::WriteAcp)?;
        Ok(if inherits && grants.is_empty() {
            None
        } else {
            Some(grants)
        })
    }

    /// The ACL of a bucket that these headers describe.
    ///
    /// # Errors
    /// When the preset is not one for buckets, or there are more grants than an ACL may have.
    pub fn for_bucket(&self, bucket_owner: &Owner) -> Result<Vec<Grant>, Error> {
        if self.canned.is_some_and(|acl| !acl.is_for_buckets()) {
            return Err(Error::new("ACL of a bucket", Why::Unknown));
        }
        self.grants(bucket_owner, Permission::Write)
    }

    fn grants(&self, owner: &Owner, write: Permission) -> Result<Vec<Grant>, Error> {
        let mut grants = self.canned.map_or_else(Vec::new, |acl| acl.grants(owner));
        let named = [
            (&self.read, Permission::Read),
            (&self.write, write),
            (&self.read_acp, Permission::ReadAcp),
            (&self.write_acp, Permission::WriteAcp),
            (&self.full_control, Permission::FullControl),
        ];
        for (grantees, permission) in named {
            for grantee in grantees {
                let grant = Grant {
                    grantee: grantee.clone(),
                    permission,
                };
                if !grants.contains(&grant) {
                    grants.push(grant);
                }
            }
        }
        if grants.len() > limits::GRANTS_MAX {
            return Err(Error::new(
                "number of grants (at most 100)",
                Why::OutOfRange,
            ));
        }
        Ok(grants)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grant_forms_of_the_seed() {
        let two = "id=\"qcs::cam::uin/100000000001:uin/100000000001\", \
                   id=\"qcs::cam::uin/100000000001:uin/100000000011\"";
        let grantees = Grantee::parse_list(two).unwrap();
        let root = Grantee::User(Owner::root("100000000001").unwrap());
        let sub = Grantee::User(Owner::sub("100000000001", "100000000011").unwrap());
        assert_eq!(grantees, [root.clone(), sub]);
        assert_eq!(Grantee::parse_list("id=\"100000000001\"").unwrap(), [root]);
        assert_eq!(
            Grantee::parse_list(&Grantee::print_list(&grantees)).unwrap(),
            grantees
        );
        for bad in [
            "",
            "100000000001",
            "id=100000000001",
            "id=\"x\"",
            "id=\"1\",",
            "name=\"1\"",
            "id=\"qcs::cam::uin/1\"",
            "id=\"qcs::cam::uin/1:uin/\"",
            "id=\"\"",
        ] {
            assert!(Grantee::parse_list(bad).is_err(), "{bad}");
            let bare = bad == "id=100000000001";
            assert_eq!(Grantee::parse_list_s3(bad).is_ok(), bare, "{bad}");
        }
        let all = "uri=http://acs.amazonaws.com/groups/global/AllUsers, id=\"100000000001\"";
        let root = Grantee::User(Owner::root("100000000001").unwrap());
        let read = Grantee::parse_list_s3(all).unwrap();
        assert_eq!(read, [Grantee::AllUsers, root]);
        assert!(Grantee::parse_list_s3("id=\"1").is_err());
    }

    #[test]
    fn an_object_without_acl_inherits() {
        let owner = Owner::root("1").unwrap();
        let mut acl = AclHeaders::default();
        assert_eq!(acl.for_object(&owner), Ok(None));
        acl.canned = Some(CannedAcl::Default);
        assert_eq!(acl.for_object(&owner), Ok(None));
        acl.canned = Some(CannedAcl::Private);
        assert_eq!(acl.for_object(&owner), Ok(Some(Vec::new())));
        acl.canned = Some(CannedAcl::PublicReadWrite);
        assert!(acl.for_object(&owner).is_err());
        acl = AclHeaders {
            write: vec![Grantee::User(owner.clone())],
            ..AclHeaders::default()
        };
        let grants = acl.for_object(&owner).unwrap().unwrap();
        assert_eq!(
            grants.first().map(|g| g.permission),
            Some(Permission::WriteAcp)
        );
    }
}
