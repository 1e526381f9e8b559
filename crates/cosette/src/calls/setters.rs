//! The shape of a call, once: fields, setters, and what is required.

/// Setters that every call has.
macro_rules! common_setters {
    () => {
        /// The region of the bucket; the client's when it is not given.
        pub fn region(mut self, region: impl $crate::Argument<$crate::Region>) -> Self {
            self.draft.region(region);
            self
        }

        /// A header that has no setter of its own. It is sent and signed as it is.
        pub fn header(mut self, name: &str, value: &str) -> Self {
            self.draft.header(name, value);
            self
        }
    };
}

/// Setters of what is stored with an object's bytes.
macro_rules! metadata_setters {
    ($($path:ident).+) => {
        metadata_setters!(@header ($($path).+) cache_control "`Cache-Control`, as in RFC 2616.");
        metadata_setters!(@header ($($path).+) content_disposition "`Content-Disposition`, as in RFC 2616.");
        metadata_setters!(@header ($($path).+) content_encoding "`Content-Encoding`; stored, never applied.");
        metadata_setters!(@header ($($path).+) content_language "`Content-Language`.");
        metadata_setters!(@header ($($path).+) content_type "`Content-Type`: the MIME type.");
        metadata_setters!(@header ($($path).+) expires
            "`Expires`: ends the validity of caches, never the object.");

        /// An entry of user metadata (`x-cos-meta-<name>`). Names and values together have at most
        /// 2,048 bytes.
        pub fn meta(mut self, name: &str, value: impl $crate::Argument<$crate::Text>) -> Self {
            if let Some(value) = self.draft.take("meta", value) {
                if let Err(why) = self.$($path).+.user.insert(name, value) {
                    self.draft.refuse("meta", why);
                }
            }
            self
        }

        /// All content headers and user metadata at once.
        pub fn metadata(mut self, metadata: $crate::Metadata) -> Self {
            self.$($path).+ = metadata;
            self
        }
    };
    (@header ($($path:ident).+) $name:ident $doc:literal) => {
        #[doc = $doc]
        pub fn $name(mut self, value: impl $crate::Argument<$crate::Text>) -> Self {
            if let Some(value) = self.draft.take(stringify!($name), value) {
                self.$($path).+.content.$name = Some(value);
            }
            self
        }
    };
}

/// Setters of an ACL.
macro_rules! acl_setters {
    ($($path:ident).+) => {
        /// A preset ACL. Without one, and with `default`, an object inherits its bucket's rights.
        pub fn acl(mut self, acl: impl $crate::Argument<$crate::CannedAcl>) -> Self {
            if let Some(acl) = self.draft.take("acl", acl) {
                self.$($path).+.canned = Some(acl);
            }
            self
        }

        acl_setters!(@grant ($($path).+) grant_read read
            "Users that may read: a list of grantees, or text like `id=\"100000000001\"`. Adds to \
             those given before.");
        acl_setters!(@grant ($($path).+) grant_write write
            "Users that may write: into a bucket, or an object's ACL.");
        acl_setters!(@grant ($($path).+) grant_read_acp read_acp "Users that may read the ACL.");
        acl_setters!(@grant ($($path).+) grant_write_acp write_acp "Users that may write the ACL.");
        acl_setters!(@grant ($($path).+) grant_full_control full_control "Users that may do all.");
    };
    (@grant ($($path:ident).+) $name:ident $member:ident $doc:literal) => {
        #[doc = $doc]
        pub fn $name(mut self, grantees: impl $crate::Argument<Vec<$crate::Grantee>>) -> Self {
            if let Some(grantees) = self.draft.take(stringify!($name), grantees) {
                self.$($path).+.$member.extend(grantees);
            }
            self
        }
    };
}

/// One condition.
macro_rules! condition_setter {
    (($($path:ident).+) $name:ident $member:ident $ty:ty, $doc:literal) => {
        #[doc = $doc]
        pub fn $name(mut self, value: impl $crate::Argument<$ty>) -> Self {
            if let Some(value) = self.draft.take(stringify!($name), value) {
                self.$($path).+.$member = Some(value);
            }
            self
        }
    };
}

/// Setters of the conditions on a copy's source.
macro_rules! source_condition_setters {
    ($($path:ident).+) => {
        condition_setter!(($($path).+) copy_source_if_match if_match $crate::ETagMatch,
            "Copies only if the source's ETag is this one. Legal beside `copy_source_if_unmodified_since`; \
             another mix may be refused by the service. All that are given must hold.");
        condition_setter!(($($path).+) copy_source_if_none_match if_none_match $crate::ETagMatch,
            "Copies only if the source's ETag is another one. Legal beside `copy_source_if_modified_since`.");
        condition_setter!(($($path).+) copy_source_if_modified_since if_modified_since $crate::Timestamp,
            "Copies only if the source was modified after this second.");
        condition_setter!(($($path).+) copy_source_if_unmodified_since if_unmodified_since $crate::Timestamp,
            "Copies only if the source was not modified after this second.");
    };
}

/// Setters of the conditions on an object that is read.
macro_rules! read_condition_setters {
    ($($path:ident).+) => {
        condition_setter!(($($path).+) if_match if_match $crate::ETagMatch,
            "Reads only if the ETag is this one; else 412.");
        condition_setter!(($($path).+) if_none_match if_none_match $crate::ETagMatch,
            "Reads only if the ETag is another one; else `not_modified`.");
        condition_setter!(($($path).+) if_modified_since if_modified_since $crate::Timestamp,
            "Reads only if it was modified after this second; else `not_modified`.");
        condition_setter!(($($path).+) if_unmodified_since if_unmodified_since $crate::Timestamp,
            "Reads only if it was not modified after this second; else 412.");
    };
}

/// Setters of the conditions on what a write replaces or removes.
macro_rules! target_condition_setters {
    ($($path:ident).+) => {
        condition_setter!(($($path).+) if_match if_match $crate::ETagMatch,
            "Only if what it replaces or removes is there and has this ETag; else 412. An extension: \
             COS itself may ignore it.");
        condition_setter!(($($path).+) if_none_match if_none_match $crate::ETagMatch,
            "`*`: only if there is nothing yet; an ETag: only if what is there has another one; else \
             412. An extension: COS itself may ignore it.");
        condition_setter!(($($path).+) if_unmodified_since if_unmodified_since $crate::Timestamp,
            "Only if what it replaces or removes was not modified after this second; else 412. An \
             extension: COS itself may ignore it.");
    };
}

/// Setters of an object's tags.
macro_rules! tag_setters {
    ($($path:ident).+) => {
        /// A tag. An object has at most 10.
        pub fn tag(mut self, key: &str, value: &str) -> Self {
            if let Err(why) = self.$($path).+.insert(key, value) {
                self.draft.refuse("tag", why);
            }
            self
        }

        /// All tags at once.
        pub fn tags(mut self, tags: $crate::Tags) -> Self {
            self.$($path).+ = tags;
            self
        }
    };
}

/// Setters of the headers that one reply has instead of the stored ones.
macro_rules! override_setters {
    ($field:ident) => {
        override_setters!(@one $field response_content_type content_type);
        override_setters!(@one $field response_content_language content_language);
        override_setters!(@one $field response_expires expires);
        override_setters!(@one $field response_cache_control cache_control);
        override_setters!(@one $field response_content_disposition content_disposition);
        override_setters!(@one $field response_content_encoding content_encoding);
    };
    (@one $field:ident $name:ident $member:ident) => {
        /// A header of this one reply, instead of the stored one.
        pub fn $name(mut self, value: impl $crate::Argument<$crate::Text>) -> Self {
            if let Some(value) = self.draft.take(stringify!($name), value) {
                self.$field.$member = Some(value);
            }
            self
        }
    };
}

/// Declares a call: `field [(setter)]: kind Type` for each field of its message.
///
/// Kinds: `required` and `optional` are set by setters of that type; `plain` has a default; `acl`,
/// `new_acl`, `metadata`, `tags`, the conditions and `overrides` bring their groups of
/// setters; `on` is a `plain` that is true unless it is switched off.
macro_rules! call {
    (
        $(#[$meta:meta])*
        $call:ident($method:ident) => $message:ident {
            $($(#[$doc:meta])* $field:ident ($setter:ident): $kind:ident $ty:ty,)*
        }
    ) => {
        #[doc = concat!(
            "A call that is being put together: see [`Client::", stringify!($method),
            "`](crate::Client::", stringify!($method), ")."
        )]
        #[derive(Debug)]
        #[must_use = "a call does nothing until it is sent"]
        pub struct $call {
            pub(crate) draft: $crate::draft::Draft,
            $($field: call!(@type $kind $ty),)*
        }

        impl $crate::Client {
            $(#[$meta])*
            pub fn $method(&self) -> $call {
                $call {
                    draft: $crate::draft::Draft::new(self),
                    $($field: call!(@default $kind),)*
                }
            }
        }

        impl $call {
            common_setters!();
            $(call! { @setter $kind $ty, $field, $setter, $(#[$doc])* })*

            /// The message to send, if nothing is missing and everything is legal.
            pub(crate) fn into_message(
                self,
            ) -> Result<($crate::draft::Draft, cosette_proto::ops::$message), $crate::Error> {
                self.draft.check()?;
                let message = cosette_proto::ops::$message {
                    $($field: call!(@value $kind $setter, self.$field),)*
                };
                Ok((self.draft, message))
            }
        }
    };

    (@type required $ty:ty) => { Option<$ty> };
    (@type optional $ty:ty) => { Option<$ty> };
    (@type $kind:ident $ty:ty) => { $ty };

    (@default on) => { true };
    (@default $kind:ident) => { Default::default() };

    (@value required $setter:ident, $value:expr) => {
        $value.ok_or_else(|| $crate::Error::missing(stringify!($setter)))?
    };
    (@value new_acl $setter:ident, $value:expr) => { $value.into() };
    (@value $kind:ident $setter:ident, $value:expr) => { $value };

    (@setter acl $ty:ty, $field:ident, $setter:ident,) => { acl_setters!($field); };
    (@setter new_acl $ty:ty, $field:ident, $setter:ident,) => {
        acl_setters!($field.headers);

        /// The whole ACL as a document. Headers win: a document beside them is ignored.
        pub fn document(mut self, document: $crate::AclDocument) -> Self {
            self.$field.document = Some(document);
            self
        }
    };
    (@setter on $ty:ty, $field:ident, $setter:ident, $(#[$doc:meta])*) => {
        call! { @setter plain $ty, $field, $setter, $(#[$doc])* }
    };
    (@setter metadata $ty:ty, $field:ident, $setter:ident,) => { metadata_setters!($field); };
    (@setter source_conditions $ty:ty, $field:ident, $setter:ident,) => {
        source_condition_setters!($field);
    };
    (@setter read_conditions $ty:ty, $field:ident, $setter:ident,) => {
        read_condition_setters!($field);
    };
    (@setter target_conditions $ty:ty, $field:ident, $setter:ident,) => {
        target_condition_setters!($field);
    };
    (@setter tags $ty:ty, $field:ident, $setter:ident,) => { tag_setters!($field); };
    (@setter overrides $ty:ty, $field:ident, $setter:ident,) => { override_setters!($field); };
    (@setter plain $ty:ty, $field:ident, $setter:ident, $(#[$doc:meta])*) => {
        $(#[$doc])*
        pub fn $setter(mut self, value: impl $crate::Argument<$ty>) -> Self {
            if let Some(value) = self.draft.take(stringify!($setter), value) {
                self.$field = value;
            }
            self
        }
    };
    (@setter $kind:ident $ty:ty, $field:ident, $setter:ident, $(#[$doc:meta])*) => {
        $(#[$doc])*
        pub fn $setter(mut self, value: impl $crate::Argument<$ty>) -> Self {
            if let Some(value) = self.draft.take(stringify!($setter), value) {
                self.$field = Some(value);
            }
            self
        }
    };
}

/// `send()` for calls whose reply is a document or nothing.
macro_rules! sends {
    ($($call:ident => $message:ident,)*) => {$(
        impl $call {
            /// Sends the request.
            ///
            /// # Errors
            /// What the service or the network said; nothing was sent when the kind is
            /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid).
            pub async fn send(
                self,
            ) -> Result<
                $crate::Output<<cosette_proto::ops::$message as cosette_proto::Message>::Reply>,
                $crate::Error,
            > {
                let (draft, message) = self.into_message()?;
                Ok(draft.client.perform(&draft.context, &message, draft.body).await?)
            }
        }
    )*};
}

pub(crate) use {
    acl_setters, call, common_setters, condition_setter, metadata_setters, override_setters,
    read_condition_setters, sends, source_condition_setters, tag_setters, target_condition_setters,
};
