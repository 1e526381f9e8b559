//! PUT and GET acl, of buckets and of objects.

use bytes::Bytes;
use cosette_types::{
    AclHeaders, BucketName, CannedAcl, Grant, Grantee, ObjectKey, Owner, Permission, VersionId,
    limits,
};
use http::{HeaderMap, Method, StatusCode};

use super::OperationName;
use super::document::malformed;
use super::parameters::VERSION_ID;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

const ACL: &str = "acl";
const ROOT: &str = "AccessControlPolicy";
/// How older replies and headers name everybody.
const ANYONE: &str = "qcs::cam::anyone:anyone";

/// The document form of an ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclDocument {
    /// Whose the resource is.
    pub owner: Owner,
    /// What others may do. The owner's own grant may be listed or not.
    pub grants: Vec<Grant>,
}

/// A new ACL: by headers, or as a document. Headers win; a document beside them is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewAcl {
    /// A preset, grants, or both.
    Headers(AclHeaders),
    /// The document in the request's body.
    Document(AclDocument),
}

/// Replaces a bucket's ACL. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBucketAcl {
    /// The bucket.
    pub bucket: BucketName,
    /// Its new ACL.
    pub acl: NewAcl,
}

/// Asks for a bucket's ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketAcl {
    /// The bucket.
    pub bucket: BucketName,
}

/// Replaces the ACL of an object, or of one version of it. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutObjectAcl {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
    /// The new ACL.
    pub acl: NewAcl,
}

/// Asks for the ACL of an object, or of one version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetObjectAcl {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
}

/// An ACL as it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetAclReply {
    /// The ACL.
    pub acl: AclDocument,
    /// An object without an ACL of its own (header `acl: default`): the bucket's rules apply.
    pub inherits: bool,
}

impl Message for PutBucketAcl {
    const NAME: OperationName = OperationName::PutBucketAcl;
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new().with(ACL, "");
        self.acl.write(dialect, |headers| {
            Request::of_bucket(Method::PUT, &self.bucket, query, headers)
        })
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect).acl_of_bucket()?;
        Ok(Self {
            bucket: request.bucket()?,
            acl: NewAcl::read(headers, request, dialect)?,
        })
    }

    fn encode_reply((): &(), dialect: Dialect) -> Reply {
        Reply::empty(StatusCode::OK, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
        Ok(())
    }
}

impl Message for PutObjectAcl {
    const NAME: OperationName = OperationName::PutObjectAcl;
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new()
            .with(ACL, "")
            .with_some(VERSION_ID, self.version_id.as_ref());
        self.acl.write(dialect, |headers| {
            Request::of_object(Method::PUT, (&self.bucket, &self.key), query, headers)
        })
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect).acl_of_object()?;
        let (bucket, key) = request.object()?;
        let version_id = request.query.version_id()?;
        let acl = NewAcl::read(headers, request, dialect)?;
        if let NewAcl::Document(document) = &acl
            && document
                .grants
                .iter()
                .any(|grant| grant.permission == Permission::Write)
        {
            return Err(Error::argument("An object has no permission WRITE."));
        }
        Ok(Self {
            bucket,
            key,
            version_id,
            acl,
        })
    }

    fn encode_reply((): &(), dialect: Dialect) -> Reply {
        Reply::empty(StatusCode::OK, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
        Ok(())
    }
}

impl Message for GetBucketAcl {
    const NAME: OperationName = OperationName::GetBucketAcl;
    type Reply = GetAclReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let headers = HeaderWriter::new(dialect).done();
        Request::of_bucket(
            Method::GET,
            &self.bucket,
            Query::new().with(ACL, ""),
            headers,
        )
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
        })
    }

    fn encode_reply(reply: &GetAclReply, dialect: Dialect) -> Reply {
        reply.write(dialect)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<GetAclReply, Unreadable> {
        GetAclReply::read(reply, dialect)
    }
}

impl Message for GetObjectAcl {
    const NAME: OperationName = OperationName::GetObjectAcl;
    type Reply = GetAclReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new()
            .with(ACL, "")
            .with_some(VERSION_ID, self.version_id.as_ref());
        let headers = HeaderWriter::new(dialect).done();
        Request::of_object(Method::GET, (&self.bucket, &self.key), query, headers)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            version_id: request.query.version_id()?,
        })
    }

    fn encode_reply(reply: &GetAclReply, dialect: Dialect) -> Reply {
        reply.write(dialect)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<GetAclReply, Unreadable> {
        GetAclReply::read(reply, dialect)
    }
}

impl NewAcl {
    fn write(&self, dialect: Dialect, request: impl FnOnce(HeaderMap) -> Request) -> Request {
        let headers = HeaderWriter::new(dialect);
        match self {
            Self::Headers(acl) => request(headers.with_acl(acl).done()),
            Self::Document(acl) => {
                request(headers.done()).with_document(acl.write(dialect), dialect)
            }
        }
    }

    fn read(headers: AclHeaders, request: &Request, dialect: Dialect) -> Result<Self, Error> {
        if headers.is_empty() {
            AclDocument::read(&request.root(ROOT, dialect)?).map(Self::Document)
        } else {
            Ok(Self::Headers(headers))
        }
    }
}

impl GetAclReply {
    fn write(&self, dialect: Dialect) -> Reply {
        let inherits = self.inherits.then_some(CannedAcl::Default);
        let headers = HeaderWriter::new(dialect).with_some(Field::Acl, inherits);
        Reply::document(self.acl.write(dialect), headers)
    }

    fn read(reply: &Reply, dialect: Dialect) -> Result<Self, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        Ok(Self {
            acl: AclDocument::read(&reply.root(ROOT)?)?,
            inherits: headers.text(Field::Acl)? == Some(CannedAcl::Default.as_str()),
        })
    }
}

impl AclDocument {
    fn write(&self, dialect: Dialect) -> Bytes {
        Writer::document_in(dialect, ROOT, |root| {
            root.user("Owner", &self.owner);
            root.element("AccessControlList", |list| {
                for grant in &self.grants {
                    list.element("Grant", |element| {
                        write_grantee(element, &grant.grantee);
                        element.text("Permission", grant.permission.as_str());
                    });
                }
            });
        })
    }

    fn read(root: &Element) -> Result<Self, Error> {
        let owner = root.child("Owner").and_then(|owner| owner.value("ID"));
        let owner = owner
            .ok_or_else(|| malformed("The document names no Owner."))?
            .parse()?;
        let list = root.child("AccessControlList");
        let grants = list
            .into_iter()
            .flat_map(|list| list.children("Grant"))
            .map(read_grant);
        let grants = grants.collect::<Result<Vec<_>, Error>>()?;
        if grants.len() > limits::GRANTS_MAX {
            let most = limits::GRANTS_MAX;
            return Err(Error::argument(format!(
                "The ACL has more than {most} grants."
            )));
        }
        Ok(Self { owner, grants })
    }
}

fn write_grantee(element: &mut Writer, grantee: &Grantee) {
    let kind = match grantee {
        Grantee::User(_) => "CanonicalUser",
        Grantee::AllUsers | Grantee::AuthenticatedUsers => "Group",
    };
    let attributes =
        format!("xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"{kind}\"");
    element.element_with("Grantee", &attributes, |element| {
        let uri = match element.dialect() {
            Dialect::Cos => grantee.group_uri(),
            Dialect::S3 => grantee.group_uri_s3(),
        };
        element.text_if("URI", uri);
        if let Grantee::User(user) = grantee {
            element.text("ID", user);
            element.text("DisplayName", user);
        }
    });
}

/// Reads a grant. Whether a grantee is a group is told by what names it, not by its type attribute.
fn read_grant(element: &Element) -> Result<Grant, Error> {
    let grantee = element
        .child("Grantee")
        .ok_or_else(|| malformed("A Grant has no Grantee."))?;
    let permission = element.value("Permission");
    let permission = permission
        .ok_or_else(|| malformed("A Grant has no Permission."))?
        .parse()?;
    let grantee = match (grantee.value("URI"), grantee.value("ID")) {
        (Some(uri), _) => Grantee::of_group_uri(uri)
            .ok_or_else(|| Error::argument(format!("There is no group {uri}.")))?,
        (None, Some(ANYONE)) => Grantee::AllUsers,
        (None, Some(id)) => Grantee::User(id.parse()?),
        (None, None) => return Err(malformed("A Grantee has neither ID nor URI.")),
    };
    Ok(Grant {
        grantee,
        permission,
    })
}
