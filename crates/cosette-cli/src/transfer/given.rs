//! Setting only what was given on calls that are being put together. Each call is a type of its own
//! with setters of the same names, so these are macros.

/// Sets each value that is there and leaves the rest out.
macro_rules! given {
    ($call:expr, $($setter:ident = $value:expr),* $(,)?) => {{
        let mut call = $call;
        $(if let Some(value) = $value { call = call.$setter(value); })*
        call
    }};
}

/// Puts an ACL on a call.
macro_rules! with_acl {
    ($call:expr, $acl:expr) => {{
        let acl = $acl;
        let call = $crate::transfer::given::given!($call, acl = acl.canned);
        call.grant_read(acl.read)
            .grant_write(acl.write)
            .grant_read_acp(acl.read_acp)
            .grant_write_acp(acl.write_acp)
            .grant_full_control(acl.full_control)
    }};
}

/// Puts conditions on its source on a copy.
macro_rules! with_source_conditions {
    ($call:expr, $conditions:expr) => {{
        let conditions = $conditions;
        $crate::transfer::given::given!(
            $call,
            copy_source_if_match = conditions.if_match,
            copy_source_if_none_match = conditions.if_none_match,
            copy_source_if_modified_since = conditions.if_modified_since,
            copy_source_if_unmodified_since = conditions.if_unmodified_since,
        )
    }};
}

/// Puts conditions on what a write replaces or removes.
macro_rules! with_target_conditions {
    ($call:expr, $conditions:expr) => {{
        let conditions = $conditions;
        $crate::transfer::given::given!(
            $call,
            if_match = conditions.if_match,
            if_none_match = conditions.if_none_match,
        )
    }};
}

/// Puts conditions on a read.
macro_rules! with_read_conditions {
    ($call:expr, $conditions:expr) => {
        $crate::transfer::given::given!(
            $call,
            if_match = $conditions.if_match,
            if_none_match = $conditions.if_none_match,
            if_modified_since = $conditions.if_modified_since,
            if_unmodified_since = $conditions.if_unmodified_since,
        )
    };
}

pub(crate) use {
    given, with_acl, with_read_conditions, with_source_conditions, with_target_conditions,
};
