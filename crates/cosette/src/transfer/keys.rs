//! Customers' keys of a job: given to the engine, never written down. A plan has their MD5s, by which a
//! run that was given other ones is told so before it does anything.

use cosette_types::{CustomerKey, Encryption, Md5};
use md5::Digest;

use super::entry::{Wanted, WantedEncryption};
use crate::error::Error;

/// The keys that an engine was given.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    pub(super) source: Option<CustomerKey>,
    pub(super) target: Option<CustomerKey>,
}

/// What an entry is read and written with.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    /// The customer's key that the source is encrypted with.
    pub(super) source: Option<CustomerKey>,
    /// How the target is to be encrypted; `None` is as the source is, or as the bucket says.
    pub(super) asked: Option<Encryption>,
    /// The customer's key that the target has.
    pub(super) target: Option<CustomerKey>,
    /// Whether the target is encrypted as its source is.
    pub(super) keep: bool,
}

/// The MD5 of a key: what a plan has of it.
pub(super) fn md5_of(key: &CustomerKey) -> Md5 {
    Md5(md5::Md5::digest(key.expose()).into())
}

impl Keys {
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when a key is wanted that was not given.
    pub(super) fn of(wanted: &Wanted, given: &Given) -> Result<Self, Error> {
        let source = wanted
            .source_key
            .map(|md5| take("source_customer_key", md5, &given.source));
        let source = source.transpose()?;
        let (asked, target) = match wanted.encryption {
            WantedEncryption::Keep => (None, source.clone()),
            WantedEncryption::AsBucket => (None, None),
            WantedEncryption::Managed => (Some(Encryption::Managed), None),
            WantedEncryption::Customer(md5) => {
                let key = take("customer_key", md5, &given.target)?;
                (Some(Encryption::Customer(key.clone())), Some(key))
            }
        };
        Ok(Self {
            source,
            asked,
            target,
            keep: wanted.encryption == WantedEncryption::Keep,
        })
    }
}

fn take(what: &'static str, md5: Md5, given: &Option<CustomerKey>) -> Result<CustomerKey, Error> {
    let fits = given.as_ref().filter(|key| md5_of(key) == md5);
    fits.cloned().ok_or_else(|| {
        let other = match given {
            Some(_) => "another one was given",
            None => "none was given",
        };
        Error::invalid(
            what,
            format!("the plan is about the key whose MD5 is {md5}, and {other}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_takes_the_keys_that_it_was_made_with_and_no_others() {
        let (one, other) = (CustomerKey::new([1; 32]), CustomerKey::new([2; 32]));
        let wanted = Wanted {
            source_key: Some(md5_of(&one)),
            ..Wanted::default()
        };
        let given = |source: Option<&CustomerKey>| Given {
            source: source.cloned(),
            target: None,
        };
        let keys = Keys::of(&wanted, &given(Some(&one))).unwrap();
        // Kept: what was encrypted with a key stays encrypted with it.
        assert_eq!((keys.source, keys.target), (Some(one.clone()), Some(one)));
        for wrong in [None, Some(&other)] {
            let error = Keys::of(&wanted, &given(wrong)).unwrap_err();
            assert!(error.to_string().contains("MD5"), "{error}");
        }
        let wanted = Wanted {
            encryption: WantedEncryption::with(&other),
            ..Wanted::default()
        };
        assert!(Keys::of(&wanted, &Given::default()).is_err());
        let given = Given {
            source: None,
            target: Some(other.clone()),
        };
        let keys = Keys::of(&wanted, &given).unwrap();
        assert_eq!((keys.target, keys.source), (Some(other), None));
    }
}
