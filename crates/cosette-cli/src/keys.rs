//! Customers' keys from files. They are read when they are needed and written nowhere: no journal, no
//! plan and no message has more of one than the name of its file.

use std::path::{Path, PathBuf};

use cosette::transfer::{Engine, Wanted, WantedEncryption};
use cosette::{CustomerKey, Encryption};

use crate::args::{
    CustomerKeyArgs, EncryptionArgs, KeyFileArgs, ObjectKeyArgs, SourceKeyArgs, TargetEncryption,
    TransferKeyArgs,
};
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

impl ObjectKeyArgs {
    pub(crate) fn key(&self, output: &Output) -> Result<Option<CustomerKey>> {
        of_file(self.customer_key_file.as_ref(), output)
    }
}

/// How targets of copies, moves and uploads are encrypted, and the customers' keys of both ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct TransferKeys {
    pub(crate) encryption: WantedEncryption,
    pub(crate) source: Option<CustomerKey>,
    pub(crate) target: Option<CustomerKey>,
}

impl KeyFileArgs {
    /// The keys in the files.
    pub(crate) fn read(&self, output: &Output) -> Result<TransferKeys> {
        let source = of_file(self.source_customer_key_file.as_ref(), output)?;
        let target = of_file(self.customer_key_file.as_ref(), output)?;
        Ok(TransferKeys {
            encryption: target
                .as_ref()
                .map_or(WantedEncryption::Keep, WantedEncryption::with),
            source,
            target,
        })
    }
}

impl TransferKeyArgs {
    /// What the flags ask for.
    pub(crate) fn read(&self, output: &Output) -> Result<TransferKeys> {
        let keys = self.files.read(output)?;
        Ok(match self.encryption {
            None | Some(TargetEncryption::Keep) => keys,
            Some(TargetEncryption::Bucket) => TransferKeys {
                encryption: WantedEncryption::AsBucket,
                ..keys
            },
            Some(TargetEncryption::Service) => TransferKeys {
                encryption: WantedEncryption::Managed,
                ..keys
            },
        })
    }
}

impl TransferKeys {
    /// How the target is to be encrypted; `None` is as the source is, or as the bucket says.
    pub(crate) fn asked(&self) -> Option<Encryption> {
        match (&self.target, self.encryption) {
            (Some(key), _) => Some(Encryption::Customer(key.clone())),
            (None, WantedEncryption::Managed) => Some(Encryption::Managed),
            (None, _) => None,
        }
    }

    /// The same as a plan has it: the keys by their MD5s.
    pub(crate) fn of_plan(&self, wanted: Wanted) -> Wanted {
        let wanted = match &self.source {
            Some(key) => wanted.source_encrypted_with(key),
            None => wanted,
        };
        Wanted {
            encryption: self.encryption,
            ..wanted
        }
    }

    /// An engine that has the keys.
    pub(crate) fn hand_to(&self, engine: Engine) -> Engine {
        let engine = match &self.source {
            Some(key) => engine.source_customer_key(key.clone()),
            None => engine,
        };
        match &self.target {
            Some(key) => engine.customer_key(key.clone()),
            None => engine,
        }
    }

    /// Refuses what would be ignored: who says how something is encrypted relies on it.
    pub(crate) fn fit(&self, source_is_object: bool, target_is_object: bool) -> Result<()> {
        if !source_is_object && self.source.is_some() {
            return Err(Failure::usage(
                "--source-customer-key-file is the key of an object, and the source is none",
            ));
        }
        if !target_is_object && (self.target.is_some() || self.encryption != WantedEncryption::Keep)
        {
            return Err(Failure::usage(
                "--encryption and --customer-key-file are about targets in COS; the key of an object that is \
                 read is --source-customer-key-file",
            ));
        }
        Ok(())
    }
}
