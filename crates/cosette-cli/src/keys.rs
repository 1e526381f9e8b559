//! Customers' keys from files. They are read when they are needed and written nowhere: no journal, no
//! plan and no message has more of one than the name of its file.

use std::path::{Path, PathBuf};

use cosette::{CustomerKey, Encryption};

use crate::args::{CustomerKeyArgs, EncryptionArgs, SourceKeyArgs};
use crate::failure::{Failure, Result};
use crate::files;
use crate::output::Output;

/// Largest file of a key: far more than its base64 and the end of a line.
const KEY_FILE_BYTES_MAX: u64 = 1024;

/// The key in a file: its 32 bytes, or one line with their base64.
pub(crate) fn customer_key(path: &Path, output: &Output) -> Result<CustomerKey> {
    let facts = std::fs::metadata(path).map_err(|why| Failure::local(path.display(), why))?;
    let wrong = || {
        let words = "it holds no key; a key is 32 bytes, or one line with the base64 of 32 bytes \
                     (openssl rand -out FILE 32)";
        Failure::usage(format!("{}: {words}", path.display()))
    };
    if facts.len() > KEY_FILE_BYTES_MAX {
        return Err(wrong());
    }
    if files::others_may_read(path) {
        let shown = path.display();
        output.note(&format!(
            "{shown} holds a key and others may read it; run: chmod 600 {shown}"
        ));
    }
    let bytes = files::read_bytes(path)?;
    CustomerKey::from_slice(&bytes)
        .or_else(|_| CustomerKey::from_base64(bytes.trim_ascii()))
        .map_err(|_| wrong())
}

fn of_file(path: Option<&PathBuf>, output: &Output) -> Result<Option<CustomerKey>> {
    path.map(|path| customer_key(path, output)).transpose()
}

impl EncryptionArgs {
    /// What the flags ask for; `None` is as the bucket says.
    pub(crate) fn asked(&self, output: &Output) -> Result<Option<Encryption>> {
        let key = of_file(self.sse_c_key_file.as_ref(), output)?;
        Ok(match (key, self.sse) {
            (Some(key), _) => Some(Encryption::Customer(key)),
            (None, Some(_)) => Some(Encryption::Managed),
            (None, None) => None,
        })
    }
}

impl CustomerKeyArgs {
    pub(crate) fn key(&self, output: &Output) -> Result<Option<CustomerKey>> {
        of_file(self.sse_c_key_file.as_ref(), output)
    }
}

impl SourceKeyArgs {
    pub(crate) fn key(&self, output: &Output) -> Result<Option<CustomerKey>> {
        of_file(self.copy_source_sse_c_key_file.as_ref(), output)
    }
}
