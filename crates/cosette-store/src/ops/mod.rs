//! One operation, one file. Each opens with its promise.

pub(crate) mod abort_upload;
pub(crate) mod age_version;
pub(crate) mod append_object;
pub(crate) mod bucket_documents;
pub(crate) mod bucket_settings;
pub(crate) mod buckets;
pub(crate) mod complete_upload;
pub(crate) mod copy_object;
pub(crate) mod copy_part;
pub(crate) mod delete_object;
pub(crate) mod directory;
pub(crate) mod initiate_upload;
pub(crate) mod list_objects;
pub(crate) mod list_parts;
pub(crate) mod list_uploads;
pub(crate) mod list_versions;
pub(crate) mod move_object;
pub(crate) mod object;
pub(crate) mod prefix_job;
pub(crate) mod put_object;
pub(crate) mod put_part;
pub(crate) mod read;
pub(crate) mod restore_object;
pub(crate) mod set_object_acl;
pub(crate) mod set_object_tags;
pub(crate) mod stage;
