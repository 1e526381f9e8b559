//! Encryption of what is kept: which key encrypts, and how a run of bytes gets a key of its own.
//!
//! Every extent that is written encrypted has a random key, and that key is kept beside the extent's
//! address, wrapped by a key of the store or by the customer's. So slices, copies and exports share
//! encrypted bytes as they share others, and nothing that only moves references needs a key.
//!
//! The customer's key is never kept: objects have a salted, keyed hash that tells it from another one.

mod keys;
mod seal;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cosette_types::{BucketName, CustomerKey, DeclaredChecksum, Encryption, ObjectKey, UploadId};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use zeroize::Zeroizing;

use crate::codec::{Damaged, Decoder, Encoder, Record};
use crate::error::Error;
use crate::extents::ExtentId;
use crate::records::{EncryptionRecord, KeyCheck, SealRecord, WrappedBy};
use crate::store::{Core, Store};
use crate::uploads::find_upload;
use crate::versions::Versions;

pub use keys::EncryptionKeys;
pub(crate) use keys::{KeyId, StoreKey};
pub(crate) use seal::{
    CHUNK_BYTES, DataKey, GIVEN_BYTES_MAX, SEALED_BYTES, Sealer, given_length, sealed_length,
};

/// What the names of directory rows of the store's keys begin with.
pub const ENCRYPTION_KEY_ROWS: &str = "encryption-key/";

/// How an object is encrypted where it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptedWith {
    /// A key of the store.
    StoreKey,
    /// A customer's key, which has to come with each request for the bytes.
    CustomerKey,
}

/// How a part is to be taken in, as its upload was begun.
#[derive(Debug, Clone)]
pub struct PartTerms {
    /// What its bytes are to be encrypted with.
    pub protection: Protection,
    /// The checksum that the object is to have; those of the parts are of the same algorithm.
    pub checksum: Option<DeclaredChecksum>,
}

/// What bytes to come are to be encrypted with, or that they are not.
#[derive(Clone, Default)]
pub struct Protection(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    Open,
    Managed(Arc<StoreKey>),
    Customer(CustomerKey, KeyCheck),
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Open => "Open",
            Kind::Managed(_) => "Managed",
            Kind::Customer(..) => "Customer",
        })
    }
}

impl Protection {
    /// How what is written so is encrypted; `None` if it is not.
    pub fn encrypted_with(&self) -> Option<EncryptedWith> {
        self.record().as_ref().map(EncryptionRecord::told)
    }

    pub(crate) fn record(&self) -> Option<EncryptionRecord> {
        match &self.0 {
            Kind::Open => None,
            Kind::Managed(_) => Some(EncryptionRecord::Managed),
            Kind::Customer(_, check) => Some(EncryptionRecord::Customer(check.clone())),
        }
    }

    /// Whether bytes that are kept so are what this would make of them: then they can be shared.
    pub(crate) fn is_as(&self, kept: Option<&EncryptionRecord>) -> bool {
        match (&self.0, kept) {
            (Kind::Open, None) | (Kind::Managed(_), Some(EncryptionRecord::Managed)) => true,
            (Kind::Customer(key, _), Some(EncryptionRecord::Customer(check))) => check.is_of(key),
            _ => false,
        }
    }

    /// A new key for the bytes of an extent, and what is kept of it; `None` if they are not encrypted.
    pub(crate) fn key_for(
        &self,
        core: &Core,
        extent: ExtentId,
    ) -> Result<Option<(DataKey, SealRecord)>, Error> {
        let (secret, by) = match &self.0 {
            Kind::Open => return Ok(None),
            Kind::Managed(key) => (&*key.secret, WrappedBy::Store(key.id)),
            Kind::Customer(key, _) => (key.expose(), WrappedBy::Customer),
        };
        let data_key = Zeroizing::new(core.random::<32>()?);
        let nonce: [u8; NONCE_LEN] = core.random()?;
        let mut sealed = data_key.to_vec();
        wrapping_key(secret, extent)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(b"data key"),
                &mut sealed,
            )
            .map_err(|_| Error::io("a key cannot be wrapped"))?;
        let record = SealRecord {
            wrapped_by: by,
            wrapped: [nonce.as_slice(), &sealed].concat(),
        };
        Ok(Some((DataKey::new(&data_key), record)))
    }
}

/// The key that wraps the key of one extent: another for each, so that a wrapped key opens nowhere
/// else, and the number of wrapped keys is not bounded.
fn wrapping_key(secret: &[u8; 32], extent: ExtentId) -> LessSafeKey {
    let key = keyed_hash(secret, b"cosette extent 1", &extent.0);
    let key = UnboundKey::new(&AES_256_GCM, key.as_ref());
    LessSafeKey::new(key.expect("a hash of 256 bits is a key of this algorithm"))
}

fn keyed_hash(secret: &[u8; 32], purpose: &[u8], of: &[u8]) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut hash = hmac::Context::with_key(&key);
    hash.update(purpose);
    hash.update(of);
    hash.sign()
}

const CHECK: &[u8] = b"cosette customer key 1";

impl KeyCheck {
    fn of(key: &CustomerKey, salt: [u8; 16]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(keyed_hash(key.expose(), CHECK, &salt).as_ref());
        Self { salt, hash }
    }

    /// Whether this is the key.
    pub(crate) fn is_of(&self, key: &CustomerKey) -> bool {
        let with = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
        // Compared in the same time, whatever the difference is.
        hmac::verify(&with, &[CHECK, &self.salt].concat(), &self.hash).is_ok()
    }
}

impl EncryptionRecord {
    pub(crate) fn told(&self) -> EncryptedWith {
        match self {
            Self::Managed => EncryptedWith::StoreKey,
            Self::Customer(_) => EncryptedWith::CustomerKey,
        }
    }
}

/// The bytes of a tiny extent, sealed: its key, wrapped, and one chunk.
pub(crate) fn seal_tiny(key: &DataKey, seal: &SealRecord, bytes: &[u8]) -> Result<Bytes, Error> {
    let mut chunk = bytes.to_vec();
    key.seal(0, true, &mut chunk)?;
    let mut to = Encoder::list();
    seal.encode(&mut to);
    to.bytes(&chunk);
    Ok(to.into_value())
}

/// What [`seal_tiny`] made of them: the key, wrapped, and the chunk.
pub(crate) fn sealed_tiny(row: &[u8]) -> Result<(SealRecord, Vec<u8>), Error> {
    let read = |mut from: Decoder<'_>| -> Result<_, Damaged> {
        Ok((SealRecord::decode(&mut from)?, from.bytes()?.to_vec()))
    };
    Decoder::list(row)
        .and_then(read)
        .map_err(|Damaged(why)| Error::corrupt(format!("an encrypted tiny extent: {why}")))
}

/// Whether a customer's key, or none, is what it takes to read what is kept so.
pub(crate) fn check_key(
    kept: Option<&EncryptionRecord>,
    key: Option<&CustomerKey>,
) -> Result<(), Error> {
    match (kept, key) {
        (Some(EncryptionRecord::Customer(check)), Some(key)) if check.is_of(key) => Ok(()),
        (Some(EncryptionRecord::Customer(_)), Some(_)) => Err(Error::CustomerKeyWrong),
        (Some(EncryptionRecord::Customer(_)), None) => Err(Error::CustomerKeyNeeded),
        (_, Some(_)) => Err(Error::CustomerKeyNotApplicable),
        (_, None) => Ok(()),
    }
}

impl Core {
    /// What to encrypt new bytes with.
    pub(crate) async fn protection(&self, asked: Option<&Encryption>) -> Result<Protection, Error> {
        Ok(Protection(match asked {
            None => Kind::Open,
            Some(Encryption::Managed) => Kind::Managed(self.store_key().await?),
            Some(Encryption::Customer(key)) => {
                Kind::Customer(key.clone(), KeyCheck::of(key, self.random()?))
            }
        }))
    }

    /// What to encrypt bytes with that will be part of something that is there.
    pub(crate) async fn protection_like(
        &self,
        kept: Option<&EncryptionRecord>,
        key: Option<&CustomerKey>,
    ) -> Result<Protection, Error> {
        check_key(kept, key)?;
        Ok(Protection(match (kept, key) {
            (Some(EncryptionRecord::Managed), _) => Kind::Managed(self.store_key().await?),
            (Some(EncryptionRecord::Customer(check)), Some(key)) => {
                Kind::Customer(key.clone(), check.clone())
            }
            _ => Kind::Open,
        }))
    }

    /// The key that the store encrypts with. That it does is written down first, so that a key file
    /// that is gone is never taken for one that was not made yet.
    async fn store_key(&self) -> Result<Arc<StoreKey>, Error> {
        let key = self.options.encryption_keys.newest();
        let key = key.ok_or(Error::NoEncryptionKey)?;
        if self.is_known(key.id) {
            return Ok(key);
        }
        let name = Bytes::from(format!("{ENCRYPTION_KEY_ROWS}{}", key.id));
        let hash = keyed_hash(&key.secret, b"cosette store key 1", &key.id.0);
        let kept = self.keep_in_directory(name, Bytes::copy_from_slice(hash.as_ref()));
        if kept.await? != hash.as_ref() {
            let id = key.id.to_string().into();
            return Err(Error::EncryptionKeyDiffers { id });
        }
        self.know(key.id);
        Ok(key)
    }

    fn is_known(&self, id: KeyId) -> bool {
        let known = self.known_key.lock();
        *known.unwrap_or_else(std::sync::PoisonError::into_inner) == Some(id)
    }

    fn know(&self, id: KeyId) {
        let known = self.known_key.lock();
        *known.unwrap_or_else(std::sync::PoisonError::into_inner) = Some(id);
    }

    /// The key of an extent's bytes.
    pub(crate) fn unwrap_key(
        &self,
        seal: &SealRecord,
        extent: ExtentId,
        customer_key: Option<&CustomerKey>,
    ) -> Result<DataKey, Error> {
        match seal.wrapped_by {
            WrappedBy::Customer => {
                let key = customer_key.ok_or(Error::CustomerKeyNeeded)?;
                unwrap(seal, key.expose(), extent).ok_or(Error::CustomerKeyWrong)
            }
            WrappedBy::Store(id) => {
                let words = || id.to_string().into();
                let key = self.options.encryption_keys.find(id);
                let key = key.ok_or_else(|| Error::EncryptionKeyMissing { id: words() })?;
                unwrap(seal, &key.secret, extent)
                    .ok_or_else(|| Error::EncryptionKeyDiffers { id: words() })
            }
        }
    }
}

fn unwrap(seal: &SealRecord, secret: &[u8; 32], extent: ExtentId) -> Option<DataKey> {
    let (nonce, sealed) = seal.wrapped.split_first_chunk::<NONCE_LEN>()?;
    let mut opened = Zeroizing::new(sealed.to_vec());
    let key = wrapping_key(secret, extent)
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(b"data key"),
            &mut opened,
        )
        .ok()?;
    Some(DataKey::new((&*key).try_into().ok()?))
}

impl Store {
    /// What to stage the bytes of a new object with.
    ///
    /// # Errors
    /// [`Error::NoEncryptionKey`], [`Error::EncryptionKeyDiffers`].
    pub async fn protection(&self, asked: Option<&Encryption>) -> Result<Protection, Error> {
        self.core.protection(asked).await
    }

    /// What to stage a part with: it is encrypted, and has the checksum, as its upload says.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`]; [`Error::CustomerKeyNeeded`], [`Error::CustomerKeyWrong`],
    /// [`Error::CustomerKeyNotApplicable`].
    pub async fn terms_of_part(
        &self,
        (bucket, key, upload): (&BucketName, &ObjectKey, &UploadId),
        customer_key: Option<&CustomerKey>,
    ) -> Result<PartTerms, Error> {
        let mut txn = self.core.begin().await?;
        let (_, upload) = find_upload(&mut txn, bucket, key, upload).await?;
        let kept = upload.extras.encryption.as_ref();
        Ok(PartTerms {
            protection: self.core.protection_like(kept, customer_key).await?,
            checksum: upload.extras.declared,
        })
    }

    /// What to stage bytes with that are to be appended: as the object is encrypted, if there is one.
    ///
    /// # Errors
    /// As [`Store::protection`], and [`Store::terms_of_part`].
    pub async fn protection_of_append(
        &self,
        (bucket, key): (&BucketName, &ObjectKey),
        asked: Option<&Encryption>,
    ) -> Result<Protection, Error> {
        let mut txn = self.core.begin().await?;
        let bucket = txn.bucket(bucket).await?;
        let versions = Versions::load(&mut txn, &bucket, key).await?;
        match versions.find(&mut txn, None).await {
            Ok((_, object)) => {
                let kept = object.extras.encryption.as_ref();
                let customer_key = asked.and_then(Encryption::customer_key);
                self.core.protection_like(kept, customer_key).await
            }
            Err(_) => self.core.protection(asked).await,
        }
    }
}
