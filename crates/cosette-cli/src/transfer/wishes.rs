//! What flags say about targets, as values.

use cosette_types::{AclHeaders, Directive, Grantee, Metadata, Preconditions, StorageClass};

use crate::args::{ObjectAclArgs, PropertyArgs, SourceConditionArgs, TuningArgs};
use crate::failure::Result;
use crate::keys::TransferKeys;

/// What targets are to be like, and how they are made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) directive: Option<Directive>,
    pub(crate) metadata: Metadata,
    pub(crate) storage_class: Option<StorageClass>,
    pub(crate) acl: AclHeaders,
    pub(crate) conditions: Preconditions,
    pub(crate) keys: TransferKeys,
    pub(crate) chunk_size: Option<u64>,
    pub(crate) slice_size: Option<u64>,
    pub(crate) parallel: Option<u16>,
    /// Moves are copies and deletes, whatever the service can.
    pub(crate) copy_delete: bool,
}

impl Wishes {
    pub(crate) fn new(
        properties: PropertyArgs,
        conditions: SourceConditionArgs,
        keys: TransferKeys,
        tuning: &TuningArgs,
    ) -> Result<Self> {
        let mut metadata = Metadata::default();
        metadata.content.cache_control = properties.cache_control;
        metadata.content.content_disposition = properties.content_disposition;
        metadata.content.content_encoding = properties.content_encoding;
        metadata.content.content_language = properties.content_language;
        metadata.content.content_type = properties.content_type;
        metadata.content.expires = properties.expires;
        for (name, value) in properties.meta {
            metadata.user.insert(&name, value)?;
        }
        Ok(Self {
            directive: properties.metadata_directive,
            metadata,
            storage_class: properties.storage_class,
            acl: acl_of(properties.acl),
            conditions: Preconditions {
                if_match: conditions.if_match,
                if_none_match: conditions.if_none_match,
                if_modified_since: conditions.if_modified_since,
                if_unmodified_since: conditions.if_unmodified_since,
            },
            keys,
            chunk_size: tuning.chunk_size,
            slice_size: tuning.slice_size,
            parallel: tuning.parallel,
            copy_delete: false,
        })
    }

    /// Whether metadata was given that a copy under the directive Copy ignores.
    pub(crate) fn are_ignored(&self) -> bool {
        self.directive != Some(Directive::Replaced) && self.metadata != Metadata::default()
    }

    /// Whether a copy of an object onto itself would change anything.
    pub(crate) fn change_in_place(&self) -> bool {
        self.directive == Some(Directive::Replaced)
            || self.storage_class.is_some()
            || self.keys.asked().is_some()
    }
}

fn acl_of(args: ObjectAclArgs) -> AclHeaders {
    let flat = |lists: Vec<Vec<Grantee>>| lists.into_iter().flatten().collect();
    AclHeaders {
        canned: args.acl,
        read: flat(args.grant_read),
        write: flat(args.grant_write),
        read_acp: flat(args.grant_read_acp),
        write_acp: flat(args.grant_write_acp),
        full_control: flat(args.grant_full_control),
    }
}
