//! Headers of encryption: what a request asks for, the keys of customers that it brings along, and
//! what a reply tells.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cosette_types::encryption::ENCRYPTION_ALGORITHM;
use cosette_types::{CustomerKey, Directive, Encryption, Md5};
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use md5::Digest as _;

use super::{HeaderReader, HeaderWriter, not_implemented};
use crate::dialect::{Dialect, Field};
use crate::error::{Error, ErrorCode};

/// How an object is encrypted, as a reply tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncryptedWith {
    /// With a key that the service keeps.
    Managed,
    /// With the customer's key of this MD5.
    Customer(Option<Md5>),
    /// In a way of which only the name is known, that of a key management service for one.
    Other(String),
}

impl EncryptedWith {
    /// What a reply tells of a request that asked for this.
    pub fn of(asked: &Encryption) -> Self {
        match asked {
            Encryption::Managed => Self::Managed,
            Encryption::Customer(key) => Self::Customer(Some(key_md5(key))),
        }
    }
}

/// Encryption headers that a request may have; any other of them is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionHeaders {
    /// None at all.
    None,
    /// Those that say how what is written is encrypted.
    Target,
    /// These, and the key of a copy's source.
    TargetAndSource,
    /// These, and the word that keeps the source's encryption.
    Copy,
    /// The customer's key.
    Key,
}

/// Algorithm, key, and the key's MD5.
const TARGET_KEY: [Field; 3] = [
    Field::EncryptionCustomerAlgorithm,
    Field::EncryptionCustomerKey,
    Field::EncryptionCustomerKeyMd5,
];
const SOURCE_KEY: [Field; 3] = [
    Field::CopySourceCustomerAlgorithm,
    Field::CopySourceCustomerKey,
    Field::CopySourceCustomerKeyMd5,
];

/// Whether a request brings a customer's key along, in any dialect.
pub fn brings_customer_key(headers: &HeaderMap) -> bool {
    [Dialect::Cos, Dialect::S3].into_iter().any(|dialect| {
        let names = [Field::EncryptionCustomerKey, Field::CopySourceCustomerKey];
        names
            .into_iter()
            .any(|field| headers.contains_key(dialect.name(field)))
    })
}

fn key_md5(key: &CustomerKey) -> Md5 {
    Md5(md5::Md5::digest(key.expose()).into())
}

impl HeaderReader<'_> {
    /// How what is written is to be encrypted.
    ///
    /// # Errors
    /// `NotImplemented` for keys of a key management service; `InvalidArgument` for anything else that
    /// is not a way of encryption, or two of them at once.
    pub fn encryption(&self) -> Result<Option<Encryption>, Error> {
        let name = self.dialect.name(Field::Encryption);
        let managed = match self.text(Field::Encryption)? {
            None => false,
            Some(ENCRYPTION_ALGORITHM) => true,
            Some(word) if self.dialect.is_key_service(word) => {
                let message = format!(
                    "{name}: {word} is not implemented. Use {ENCRYPTION_ALGORITHM}, or a key of your \
                     own."
                );
                return Err(Error::with(ErrorCode::NotImplemented, message));
            }
            Some(_) => {
                return Err(Error::argument(format!(
                    "The header {name} is not {ENCRYPTION_ALGORITHM}."
                )));
            }
        };
        match (managed, self.customer_key()?) {
            (false, None) => Ok(None),
            (true, None) => Ok(Some(Encryption::Managed)),
            (false, Some(key)) => Ok(Some(Encryption::Customer(key))),
            (true, Some(_)) => Err(Error::argument(format!(
                "The header {name} and a customer's key exclude each other."
            ))),
        }
    }

    /// How a copy's target is to be encrypted, and whether its source's encryption is kept.
    ///
    /// # Errors
    /// As [`HeaderReader::encryption`]; `InvalidArgument` for another directive than `Copy`,
    /// `InvalidRequest` for it beside a way of encryption.
    pub fn encryption_of_copy(&self) -> Result<(Option<Encryption>, bool), Error> {
        let asked = self.encryption()?;
        let name = self.dialect.name(Field::EncryptionDirective);
        match (self.parse(Field::EncryptionDirective)?, &asked) {
            (None, _) => Ok((asked, false)),
            (Some(Directive::Copy), None) => Ok((None, true)),
            (Some(Directive::Copy), Some(_)) => {
                let message = format!(
                    "The header {name} and headers that say how the target is encrypted exclude each \
                     other."
                );
                Err(Error::with(ErrorCode::InvalidRequest, message))
            }
            (Some(Directive::Replaced), _) => Err(Error::argument(format!(
                "The header {name} is not Copy. Another encryption is named by its own headers."
            ))),
        }
    }

    /// The customer's key that the request's object is encrypted with.
    ///
    /// # Errors
    /// `InvalidArgument` when it is not one, or the three headers of it are not together.
    pub fn customer_key(&self) -> Result<Option<CustomerKey>, Error> {
        self.key_in(TARGET_KEY)
    }

    /// The customer's key that a copy's source is encrypted with.
    ///
    /// # Errors
    /// As [`HeaderReader::customer_key`].
    pub fn source_customer_key(&self) -> Result<Option<CustomerKey>, Error> {
        self.key_in(SOURCE_KEY)
    }

    /// The words of an error never repeat what the headers hold.
    fn key_in(&self, fields: [Field; 3]) -> Result<Option<CustomerKey>, Error> {
        let [algorithm, key, md5] = fields.map(|field| self.dialect.name(field));
        let values = (self.bytes(algorithm)?, self.bytes(key)?, self.bytes(md5)?);
        let (word, text, sum) = match values {
            (None, None, None) => return Ok(None),
            (Some(word), Some(text), Some(sum)) => (word, text, sum),
            _ => {
                return Err(Error::argument(format!(
                    "The headers {algorithm}, {key} and {md5} belong together."
                )));
            }
        };
        if word != ENCRYPTION_ALGORITHM.as_bytes() {
            return Err(Error::argument(format!(
                "The header {algorithm} is not {ENCRYPTION_ALGORITHM}."
            )));
        }
        let read = CustomerKey::from_base64(text)
            .map_err(|why| Error::argument(format!("The header {key} holds no key: {why}.")))?;
        if STANDARD.decode(sum).ok().as_deref() != Some(&key_md5(&read).0) {
            return Err(Error::argument(format!(
                "The header {md5} is not the MD5 of the key."
            )));
        }
        Ok(Some(read))
    }

    /// A header of encryption that the request may not have.
    pub(super) fn needless_encryption(&self, allowed: EncryptionHeaders) -> Option<&str> {
        let groups: [&[Field]; 3] = match allowed {
            EncryptionHeaders::None => [&[], &[], &[]],
            EncryptionHeaders::Target => [&[Field::Encryption], &TARGET_KEY, &[]],
            EncryptionHeaders::TargetAndSource => [&[Field::Encryption], &TARGET_KEY, &SOURCE_KEY],
            EncryptionHeaders::Copy => [
                &[Field::Encryption, Field::EncryptionDirective],
                &TARGET_KEY,
                &SOURCE_KEY,
            ],
            EncryptionHeaders::Key => [&[], &TARGET_KEY, &[]],
        };
        let known: Vec<_> = groups
            .iter()
            .flat_map(|group| group.iter())
            .map(|field| self.dialect.name(*field))
            .collect();
        let prefixes = self.dialect.encryption_prefixes();
        self.all_beginning_with(&prefixes)
            .find(|name| !known.contains(name))
    }

    /// As [`HeaderReader::refuse_on_write`], for a request that may have headers of encryption.
    ///
    /// # Errors
    /// As there.
    pub fn refuse_on_encrypted_write(&self, allowed: EncryptionHeaders) -> Result<(), Error> {
        match self.needless_encryption(allowed) {
            Some(name) => Err(not_implemented(name)),
            None => self.refuse_but_encryption(),
        }
    }

    /// How the object of a reply is encrypted.
    ///
    /// # Errors
    /// When a header is not readable.
    pub fn encrypted_with(&self) -> Result<Option<EncryptedWith>, Error> {
        let algorithm = self.text(Field::EncryptionCustomerAlgorithm)?;
        if algorithm.is_some() {
            let sum = self.bytes(self.dialect.name(Field::EncryptionCustomerKeyMd5))?;
            let sum = sum.and_then(|sum| STANDARD.decode(sum).ok()?.try_into().ok());
            return Ok(Some(EncryptedWith::Customer(sum.map(Md5))));
        }
        let word = self.text(Field::Encryption)?;
        Ok(word.map(|word| match word {
            ENCRYPTION_ALGORITHM => EncryptedWith::Managed,
            other => EncryptedWith::Other(other.to_owned()),
        }))
    }
}

impl HeaderWriter {
    /// How what is written is to be encrypted, if it is.
    #[must_use]
    pub fn with_encryption(self, asked: Option<&Encryption>) -> Self {
        match asked {
            None => self,
            Some(Encryption::Managed) => self.with(Field::Encryption, ENCRYPTION_ALGORITHM),
            Some(Encryption::Customer(key)) => self.with_customer_key(Some(key)),
        }
    }

    /// The customer's key that the request's object is encrypted with.
    #[must_use]
    pub fn with_customer_key(self, key: Option<&CustomerKey>) -> Self {
        self.with_key(TARGET_KEY, key)
    }

    /// The customer's key that a copy's source is encrypted with.
    #[must_use]
    pub fn with_source_customer_key(self, key: Option<&CustomerKey>) -> Self {
        self.with_key(SOURCE_KEY, key)
    }

    fn with_key(self, [algorithm, name, md5]: [Field; 3], key: Option<&CustomerKey>) -> Self {
        let Some(key) = key else { return self };
        let mut writer = self
            .with(algorithm, ENCRYPTION_ALGORITHM)
            .with(md5, STANDARD.encode(key_md5(key).0));
        let name = HeaderName::from_static(writer.dialect.name(name));
        let mut value = HeaderValue::from_str(&STANDARD.encode(key.expose()))
            .expect("base64 has no control character");
        // Whoever prints the headers does not print it.
        value.set_sensitive(true);
        writer.headers.insert(name, value);
        writer
    }

    /// How the object of a reply is encrypted, if it is.
    #[must_use]
    pub fn with_encrypted_with(self, told: Option<&EncryptedWith>) -> Self {
        match told {
            None => self,
            Some(EncryptedWith::Managed) => self.with(Field::Encryption, ENCRYPTION_ALGORITHM),
            Some(EncryptedWith::Customer(md5)) => self
                .with(Field::EncryptionCustomerAlgorithm, ENCRYPTION_ALGORITHM)
                .with_some(
                    Field::EncryptionCustomerKeyMd5,
                    md5.map(|md5| STANDARD.encode(md5.0)),
                ),
            Some(EncryptedWith::Other(word)) => self.with(Field::Encryption, word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(Field, &str)], dialect: Dialect) -> HeaderMap {
        let pair = |(field, value): &(Field, &str)| {
            let name = HeaderName::from_static(dialect.name(*field));
            (name, HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn keys_travel_in_both_dialects_and_are_not_printed() {
        let key = CustomerKey::new(*b"0123456789abcdef0123456789abcdef");
        for dialect in [Dialect::Cos, Dialect::S3] {
            for asked in [Encryption::Managed, Encryption::Customer(key.clone())] {
                let writer = HeaderWriter::new(dialect).with_encryption(Some(&asked));
                let headers = writer.with_source_customer_key(Some(&key)).done();
                let printed = format!("{headers:?}");
                assert!(
                    !printed.contains(&STANDARD.encode(key.expose())),
                    "{printed}"
                );
                let reader = HeaderReader::new(&headers, dialect);
                assert_eq!(reader.encryption().unwrap(), Some(asked.clone()));
                assert_eq!(reader.source_customer_key().unwrap(), Some(key.clone()));
                let told = EncryptedWith::of(&asked);
                let reply = HeaderWriter::new(dialect).with_encrypted_with(Some(&told));
                let reply = reply.done();
                let reader = HeaderReader::new(&reply, dialect);
                assert_eq!(reader.encrypted_with().unwrap(), Some(told));
            }
        }
    }

    #[test]
    fn what_is_no_encryption_is_refused_without_repeating_it() {
        use Field as F;
        let secret = STANDARD.encode([7; 32]);
        let sum = STANDARD.encode(key_md5(&CustomerKey::new([7; 32])).0);
        let (algorithm, key, md5) = (
            (F::EncryptionCustomerAlgorithm, "AES256"),
            (F::EncryptionCustomerKey, secret.as_str()),
            (F::EncryptionCustomerKeyMd5, sum.as_str()),
        );
        let managed = (F::Encryption, "AES256");
        let wrong = [
            vec![(F::Encryption, "AES128")],
            vec![(F::Encryption, "aes256")],
            vec![algorithm, key],
            vec![key, md5],
            vec![algorithm, md5],
            vec![(F::EncryptionCustomerAlgorithm, "AES512"), key, md5],
            vec![algorithm, (F::EncryptionCustomerKey, "BwcHBwcHBwc="), md5],
            vec![
                algorithm,
                (F::EncryptionCustomerKey, "no base64 at all"),
                md5,
            ],
            vec![
                algorithm,
                key,
                (F::EncryptionCustomerKeyMd5, "1B2M2Y8AsgTpgAmY7PhCfg=="),
            ],
            vec![algorithm, key, md5, managed],
        ];
        for dialect in [Dialect::Cos, Dialect::S3] {
            for pairs in &wrong {
                let headers = headers(pairs, dialect);
                let error = HeaderReader::new(&headers, dialect).encryption();
                let error = error.unwrap_err();
                assert_eq!(error.code, ErrorCode::InvalidArgument, "{pairs:?}");
                let repeats = pairs.iter().any(|(field, value)| {
                    *field == F::EncryptionCustomerKey && error.message.contains(value)
                });
                assert!(!repeats, "{}", error.message);
            }
            for word in ["cos/kms", "aws:kms", "aws:kms:dsse"] {
                let headers = headers(&[(F::Encryption, word)], dialect);
                let error = HeaderReader::new(&headers, dialect).encryption();
                assert_eq!(error.unwrap_err().code, ErrorCode::NotImplemented);
            }
        }
    }
}
