//! How targets are encrypted, and the customers' keys of sources. A key is never an argument: every user of
//! this machine can see a command line. It stands in a file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const ENCRYPTION: &str = "Encryption";

/// Whose key objects are encrypted with at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ManagedBy {
    /// A key that the service keeps (SSE-COS, SSE-S3).
    #[value(name = "cos", alias = "AES256", alias = "aes256", alias = "SSE-COS")]
    Service,
}

/// How a target is encrypted.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct EncryptionArgs {
    /// Encrypt the target with a key of the service; AES256 means the same [default: as the bucket says]
    #[arg(long, value_enum, value_name = "HOW", help_heading = ENCRYPTION)]
    pub(crate) sse: Option<ManagedBy>,
    /// Encrypt the target with the key in this file (SSE-C): 32 bytes, or their base64. The service does not
    /// keep it: without the file nobody can read the object again
    #[arg(long, value_name = "FILE", conflicts_with = "sse", help_heading = ENCRYPTION)]
    pub(crate) sse_c_key_file: Option<PathBuf>,
}

/// The customer's key of an object that is read.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CustomerKeyArgs {
    /// File with the customer's key (SSE-C): 32 bytes, or their base64
    #[arg(long, value_name = "FILE", help_heading = ENCRYPTION)]
    pub(crate) sse_c_key_file: Option<PathBuf>,
}

/// The customer's key of a copy's source.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SourceKeyArgs {
    /// File with the key that the source is encrypted with (SSE-C): 32 bytes, or their base64
    #[arg(long, value_name = "FILE", help_heading = ENCRYPTION)]
    pub(crate) copy_source_sse_c_key_file: Option<PathBuf>,
}

/// How the targets of `cp`, `mv` and `sync` are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetEncryption {
    /// As the source is; a file's as the bucket says
    Keep,
    /// As the target's bucket says, however the source is encrypted
    Bucket,
    /// With a key of the service (SSE-COS, SSE-S3); AES256 means the same
    #[value(name = "cos", alias = "AES256", alias = "aes256", alias = "SSE-COS")]
    Service,
}

/// Files with the customers' keys of both ends.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct KeyFileArgs {
    /// Encrypt the target with the key in this file (SSE-C): 32 bytes, or their base64. Neither the service
    /// nor a journal keeps it: without the file nobody can read the object again
    #[arg(long, alias = "sse-c-key-file", value_name = "FILE", help_heading = ENCRYPTION)]
    pub(crate) customer_key_file: Option<PathBuf>,
    /// File with the key that the source is encrypted with (SSE-C)
    #[arg(long, alias = "copy-source-sse-c-key-file", value_name = "FILE", help_heading = ENCRYPTION)]
    pub(crate) source_customer_key_file: Option<PathBuf>,
}

/// How targets are encrypted, and with whose keys.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TransferKeyArgs {
    /// How the target is encrypted [default: keep]
    #[arg(long, alias = "sse", value_enum, value_name = "HOW", conflicts_with = "customer_key_file", help_heading = ENCRYPTION)]
    pub(crate) encryption: Option<TargetEncryption>,
    #[command(flatten)]
    pub(crate) files: KeyFileArgs,
}

/// The customer's key of an object that is looked at.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ObjectKeyArgs {
    /// File with the key that the object is encrypted with (SSE-C)
    #[arg(long, alias = "sse-c-key-file", value_name = "FILE", help_heading = ENCRYPTION)]
    pub(crate) customer_key_file: Option<PathBuf>,
}
