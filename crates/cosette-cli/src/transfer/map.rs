//! Which target a source gets: the mapping of `cp` and `mv`, decided before anything is sent.

use cosette_types::BucketName;

use crate::failure::{Failure, Result};
use crate::name::CosName;
use crate::select::{Glob, beginning};

/// What `-r` means on the side of the source: keys that begin so, and what of them the target drops.
#[derive(Debug, Clone)]
pub(crate) struct Under {
    pub(crate) bucket: BucketName,
    /// Keys begin with it.
    pub(crate) prefix: String,
    /// Keys match it as a whole.
    pattern: Option<Glob>,
    /// Leading bytes of a key that do not go to the target: a folder's, also for `p*`.
    dropped: usize,
}

impl Under {
    /// `cos://b/p` and `cos://b/p/` are the keys under `p/`; `cos://b/d/p*` those that begin with `d/p`;
    /// any other name with a `*` in it is a glob that whole keys match.
    pub(crate) fn of(name: &CosName) -> Result<Self> {
        let mut pattern = None;
        let prefix = match name.key.strip_suffix('*') {
            Some(beginning) if !beginning.contains('*') => beginning.to_owned(),
            _ if name.key.contains('*') => {
                pattern = Some(Glob::new(&name.key)?);
                beginning(&name.key).to_owned()
            }
            _ if name.is_prefix() => name.key.clone(),
            _ => format!("{}/", name.key),
        };
        let dropped = prefix.rfind('/').map_or(0, |slash| slash + 1);
        Ok(Self {
            bucket: name.bucket.clone(),
            prefix,
            pattern,
            dropped,
        })
    }

    /// Whether not only the beginning of a key says if it is meant.
    pub(crate) const fn is_pattern(&self) -> bool {
        self.pattern.is_some()
    }

    /// Whether a key that begins rightly is one of those meant.
    pub(crate) fn takes(&self, key: &str) -> bool {
        self.pattern.as_ref().is_none_or(|glob| glob.matches(key))
    }

    /// The folder that names below it are relative to.
    pub(crate) fn folder(&self) -> &str {
        self.prefix.get(..self.dropped).unwrap_or_default()
    }

    /// What of a key goes to the target.
    pub(crate) fn relative<'k>(&self, key: &'k str) -> &'k str {
        key.get(self.dropped..).unwrap_or_default()
    }

    /// Whether a key is one of the sources.
    fn holds(&self, bucket: &BucketName, key: &str) -> bool {
        *bucket == self.bucket && key.starts_with(&self.prefix)
    }
}

/// The beginning of the keys that things go under: `cos://b/p` and `cos://b/p/` alike.
pub(crate) fn target_prefix(name: &CosName) -> Result<String> {
    if name.key.contains('*') {
        return Err(Failure::usage(format!("{name}: a target is no pattern")));
    }
    Ok(if name.is_prefix() {
        name.key.clone()
    } else {
        format!("{}/", name.key)
    })
}

/// The mapping of a whole prefix.
#[derive(Debug, Clone)]
pub(crate) struct PrefixMap {
    pub(crate) from: Under,
    pub(crate) to: CosName,
    to_prefix: String,
    /// Every object stays where it is and only changes.
    pub(crate) in_place: bool,
    /// Source and target are in two stores.
    apart: bool,
}

impl PrefixMap {
    /// The mapping, unless the targets would lie among the sources.
    pub(crate) fn new(source: &CosName, target: &CosName) -> Result<Self> {
        let from = Under::of(source)?;
        let to_prefix = target_prefix(target)?;
        let dropped = from.prefix.get(..from.dropped).unwrap_or_default();
        let in_place = target.bucket == from.bucket && to_prefix == dropped;
        if !in_place && from.holds(&target.bucket, &to_prefix) {
            return Err(Failure::usage(format!(
                "{target} lies in {source}: what is copied there would be copied again; choose a target outside"
            )));
        }
        Ok(Self {
            from,
            to: target.clone(),
            to_prefix,
            in_place,
            apart: false,
        })
    }

    /// The same between two stores, where nothing of one lies in the other.
    pub(crate) fn apart(source: &CosName, target: &CosName) -> Result<Self> {
        Ok(Self {
            from: Under::of(source)?,
            to: target.clone(),
            to_prefix: target_prefix(target)?,
            in_place: false,
            apart: true,
        })
    }

    /// The target of a key by its name below the source; an error if it is itself one of the sources,
    /// which would be lost.
    pub(crate) fn target(&self, key: &str, name: &str) -> Result<CosName> {
        let target = format!("{}{name}", self.to_prefix);
        if !self.in_place && !self.apart && self.from.holds(&self.to.bucket, &target) {
            let told = format!(
                "{} is itself a source; copy it away first",
                self.to.with_key(target)
            );
            return Err(Failure::usage(told));
        }
        if target.is_empty() {
            return Err(Failure::usage(format!(
                "the key `{key}` has no name below {}",
                self.to
            )));
        }
        Ok(self.to.with_key(target))
    }
}

/// The last name of a path of keys: `a/1.jpg` is `1.jpg`.
pub(crate) fn last_name(key: &str) -> Option<&str> {
    let name = key.rsplit('/').next().unwrap_or(key);
    (!name.is_empty()).then_some(name)
}

/// The target of a single source: as written, or with the source's last name if it ends in `/`.
pub(crate) fn single_target(source_name: &str, target: &CosName) -> Result<CosName> {
    if !target.is_prefix() {
        return Ok(target.clone());
    }
    match last_name(source_name) {
        Some(name) => Ok(target.with_key(format!("{}{name}", target.key))),
        None => Err(Failure::usage(format!(
            "`{source_name}` has no last name to keep; name the target's key, or give -r for all that is under it"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cos(key: &str) -> CosName {
        format!("cos://b-1250000000/{key}").parse().unwrap()
    }

    fn mapped(source: &str, target: &str, key: &str) -> Option<String> {
        let map = PrefixMap::new(&cos(source), &cos(target)).ok()?;
        map.target(key, map.from.relative(key))
            .ok()
            .map(|name| name.key)
    }

    #[test]
    fn a_bare_name_is_a_folder_and_a_star_is_a_beginning() {
        for (name, prefix) in [("p", "p/"), ("p/", "p/"), ("p*", "p"), ("", ""), ("*", "")] {
            let under = Under::of(&cos(name)).unwrap();
            assert_eq!(under.prefix, prefix);
            assert!(under.takes("anything"));
        }
    }

    #[test]
    fn a_star_in_the_middle_makes_a_glob() {
        let under = Under::of(&cos("logs/2024-*/app*.gz")).unwrap();
        assert_eq!(under.prefix, "logs/2024-");
        assert!(under.takes("logs/2024-05/app1.gz") && !under.takes("logs/2024-05/web.gz"));
        assert_eq!(under.relative("logs/2024-05/app1.gz"), "2024-05/app1.gz");
        assert!(Under::of(&cos("a*[")).is_err());
    }

    #[test]
    fn names_below_the_source_are_kept_as_they_are() {
        for (source, target, key, wanted) in [
            ("p", "q", "p/a/1.jpg", "q/a/1.jpg"),
            ("p/", "q/", "p//x", "q//x"),
            ("d/", "q", "d/./a", "q/./a"),
            ("d/p*", "q", "d/p1/x", "q/p1/x"),
            ("p/", "", "p/a", "a"),
        ] {
            assert_eq!(
                mapped(source, target, key).as_deref(),
                Some(wanted),
                "{source} {target}"
            );
        }
    }

    #[test]
    fn targets_among_the_sources_are_refused() {
        assert_eq!(mapped("p/", "p/q/", "p/a"), None);
        assert_eq!(mapped("", "q/", "a"), None);
        // One level up is fine, but for a key whose target is itself a source.
        assert_eq!(mapped("p/", "", "p/a").as_deref(), Some("a"));
        assert_eq!(mapped("p/", "", "p/p/a"), None);
        // In place is no overlap: each object stays.
        assert_eq!(mapped("p/", "p", "p/a").as_deref(), Some("p/a"));
    }

    #[test]
    fn a_target_that_ends_in_a_slash_keeps_the_last_name() {
        let target = |source: &str, key: &str| single_target(source, &cos(key)).unwrap().key;
        assert_eq!(target("a/1.jpg", "b/2.jpg"), "b/2.jpg");
        assert_eq!(target("a/1.jpg", "b/"), "b/1.jpg");
        assert_eq!(target("a/1.jpg", ""), "1.jpg");
        assert!(single_target("a/", &cos("b/")).is_err());
    }
}
