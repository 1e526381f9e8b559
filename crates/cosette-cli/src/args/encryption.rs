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
