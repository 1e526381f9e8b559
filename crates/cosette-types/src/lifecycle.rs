//! Lifecycle rules: what becomes of a bucket's objects with time, as pure rules.

use crate::storage_class::StorageClass;
use crate::tags::Tags;
use crate::time::Timestamp;

/// One rule of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LifecycleRule {
    /// Names it.
    pub id: Option<String>,
    /// Whether it acts.
    pub enabled: bool,
    /// What it is about.
    pub filter: LifecycleFilter,
    /// When current versions get other classes.
    pub transitions: Vec<Transition>,
    /// When current versions go.
    pub expiration: Option<Expiration>,
    /// When earlier versions get other classes.
    pub noncurrent_transitions: Vec<NoncurrentTransition>,
    /// When earlier versions go.
    pub noncurrent_expiration: Option<NoncurrentExpiration>,
    /// After how many days an unfinished upload is aborted.
    pub abort_uploads_days: Option<u32>,
}

/// Which objects a rule is about: those of which all of this holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LifecycleFilter {
    /// The key begins so.
    pub prefix: String,
    /// It has these tags.
    pub tags: Tags,
    /// It has more bytes than that.
    pub larger_than: Option<u64>,
    /// It has fewer bytes than that.
    pub smaller_than: Option<u64>,
}

/// When something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// So many days after the version was made.
    Days(u32),
    /// At that moment, however old it is.
    Date(Timestamp),
}

/// A current version gets another class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// When.
    pub due: Due,
    /// Which.
    pub class: StorageClass,
}

/// How current versions go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiration {
    /// The object is deleted, as its bucket's versioning says.
    At(Due),
    /// Delete markers go that have nothing left behind them.
    LoneMarkers,
}

/// An earlier version gets another class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoncurrentTransition {
    /// So many days after a newer version took its place.
    pub days: u32,
    /// Which.
    pub class: StorageClass,
    /// So many of the newest earlier versions stay as they are.
    pub newer_kept: u32,
}

/// How earlier versions go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoncurrentExpiration {
    /// So many days after a newer version took its place.
    pub days: u32,
    /// So many of the newest earlier versions stay.
    pub newer_kept: u32,
}

/// How long a day is: 86,400 seconds, but for who wants to see one pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// In seconds.
    pub secs: u64,
}

impl Default for Day {
    fn default() -> Self {
        Self { secs: 86_400 }
    }
}

impl Day {
    /// The first beginning of a day that is so many days after a moment, or later.
    pub fn after(self, from: Timestamp, days: u32) -> Timestamp {
        let secs = self.secs.max(1);
        let aged = from
            .secs()
            .saturating_add(u64::from(days).saturating_mul(secs));
        Timestamp::from_secs(aged.div_ceil(secs).saturating_mul(secs))
    }
}

impl Due {
    /// Whether something that was made then is due now.
    pub fn is_over(self, made: Timestamp, now: Timestamp, day: Day) -> bool {
        match self {
            Self::Days(days) => now >= day.after(made, days),
            Self::Date(date) => now >= date,
        }
    }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub struct Aged<'a> {
    /// The key.
    pub key: &'a str,
    /// How many bytes it has.
    pub size: u64,
    /// When it was made.
    pub made: Timestamp,
    /// Its class.
    pub class: StorageClass,
    /// Its tags, if they are known: nobody needs to, unless a rule [asks for some](asks_for_tags).
    pub tags: Option<&'a Tags>,
    /// Of an earlier version: when a newer one took its place, and how many earlier versions of the
    /// key are newer than it.
    pub noncurrent: Option<(Timestamp, u32)>,
}

/// What is to become of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes: a current version as its bucket's versioning says, an earlier one for good.
    Expires,
    /// It gets this class.
    Moves(StorageClass),
}

impl LifecycleFilter {
    /// Whether everything but the tags holds.
    fn holds_but_tags(&self, of: &Aged<'_>) -> bool {
        of.key.starts_with(&self.prefix)
            && self.larger_than.is_none_or(|bytes| of.size > bytes)
            && self.smaller_than.is_none_or(|bytes| of.size < bytes)
    }

    /// Whether all of it holds. Tags that are not known are taken for right: who acts on it asks
    /// again with them.
    fn holds(&self, of: &Aged<'_>) -> bool {
        let tagged = |tags: &Tags| {
            let has = |(key, value): (&str, &str)| tags.iter().any(|tag| tag == (key, value));
            self.tags.iter().all(has)
        };
        self.holds_but_tags(of) && of.tags.is_none_or(tagged)
    }
}

impl LifecycleRule {
    fn fates(&self, of: &Aged<'_>, now: Timestamp, day: Day) -> Vec<Fate> {
        let mut fates = Vec::new();
        if self.enabled && self.filter.holds(of) {
            match of.noncurrent {
                None => {
                    if let Some(Expiration::At(due)) = self.expiration
                        && due.is_over(of.made, now, day)
                    {
                        fates.push(Fate::Expires);
                    }
                    let due = |rule: &&Transition| rule.due.is_over(of.made, now, day);
                    let classes = self.transitions.iter().filter(due);
                    fates.extend(classes.map(|rule| Fate::Moves(rule.class)));
                }
                Some((since, newer)) => {
                    let over = |days, kept| newer >= kept && now >= day.after(since, days);
                    if let Some(rule) = self.noncurrent_expiration
                        && over(rule.days, rule.newer_kept)
                    {
                        fates.push(Fate::Expires);
                    }
                    let rules = self.noncurrent_transitions.iter();
                    let due = rules.filter(|rule| over(rule.days, rule.newer_kept));
                    fates.extend(due.map(|rule| Fate::Moves(rule.class)));
                }
            }
        }
        fates
    }
}

/// What becomes of a version under these rules: to go outranks another class, and the coldest class
/// outranks the others. Nothing ever gets warmer.
pub fn fate(rules: &[LifecycleRule], of: &Aged<'_>, now: Timestamp, day: Day) -> Option<Fate> {
    let mut coldest = None;
    for fate in rules.iter().flat_map(|rule| rule.fates(of, now, day)) {
        match fate {
            Fate::Expires => return Some(fate),
            Fate::Moves(class) if class.coldness() > of.class.coldness() => {
                coldest = coldest.max(Some((class.coldness(), class)));
            }
            Fate::Moves(_) => {}
        }
    }
    coldest.map(|(_, class)| Fate::Moves(class))
}

/// Whether a delete marker that has nothing behind it goes.
pub fn lone_marker_goes(rules: &[LifecycleRule], key: &str) -> bool {
    rules.iter().any(|rule| {
        rule.enabled
            && rule.expiration == Some(Expiration::LoneMarkers)
            && key.starts_with(&rule.filter.prefix)
    })
}

/// Whether an unfinished upload of this key is aborted.
pub fn upload_goes(
    rules: &[LifecycleRule],
    (key, begun): (&str, Timestamp),
    now: Timestamp,
    day: Day,
) -> bool {
    rules.iter().any(|rule| {
        let days = rule.abort_uploads_days.filter(|_| rule.enabled);
        key.starts_with(&rule.filter.prefix)
            && days.is_some_and(|days| now >= day.after(begun, days))
    })
}

/// Whether a rule must know the tags of what it looks at.
pub fn asks_for_tags(rules: &[LifecycleRule]) -> bool {
    rules
        .iter()
        .any(|rule| rule.enabled && !rule.filter.tags.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;
    /// An hour after the beginning of a day.
    const MADE: Timestamp = Timestamp::from_secs(19_000 * DAY + 3_600);

    fn days(count: u64) -> Timestamp {
        Timestamp::from_secs(19_000 * DAY + count * DAY)
    }

    fn rule() -> LifecycleRule {
        LifecycleRule {
            enabled: true,
            ..LifecycleRule::default()
        }
    }

    fn object(key: &str) -> Aged<'_> {
        Aged {
            key,
            size: 10,
            made: MADE,
            class: StorageClass::Standard,
            tags: None,
            noncurrent: None,
        }
    }

    fn fate_of(rule: &LifecycleRule, of: &Aged<'_>, now: Timestamp) -> Option<Fate> {
        fate(std::slice::from_ref(rule), of, now, Day::default())
    }

    #[test]
    fn days_end_with_the_day() {
        let mut expires = rule();
        expires.expiration = Some(Expiration::At(Due::Days(1)));
        let before = Timestamp::from_secs(days(2).secs() - 1);
        assert_eq!(fate_of(&expires, &object("a"), before), None);
        assert_eq!(
            fate_of(&expires, &object("a"), days(2)),
            Some(Fate::Expires)
        );
        expires.expiration = Some(Expiration::At(Due::Date(days(1))));
        assert_eq!(fate_of(&expires, &object("a"), MADE), None);
        assert_eq!(
            fate_of(&expires, &object("a"), days(1)),
            Some(Fate::Expires)
        );
        expires.enabled = false;
        assert_eq!(fate_of(&expires, &object("a"), days(9)), None);
        // Beyond the end of time there is nothing.
        let end = Timestamp::from_secs(u64::MAX);
        assert_eq!(Day::default().after(end, u32::MAX), end);
    }

    #[test]
    fn a_filter_is_all_of_what_it_says() {
        let mut expires = rule();
        expires.expiration = Some(Expiration::At(Due::Days(1)));
        expires.filter.prefix = "logs/".to_owned();
        expires.filter.larger_than = Some(9);
        expires.filter.smaller_than = Some(11);
        expires.filter.tags.insert("a", "b").unwrap();
        let goes = |of: &Aged<'_>| fate_of(&expires, of, days(2)).is_some();
        assert!(goes(&object("logs/a")));
        assert!(!goes(&object("log")));
        for (size, wanted) in [(9, false), (10, true), (11, false)] {
            assert_eq!(
                goes(&Aged {
                    size,
                    ..object("logs/a")
                }),
                wanted
            );
        }
        let mut tags = Tags::new();
        let with = |tags: &Tags| {
            let of = Aged {
                tags: Some(tags),
                ..object("logs/a")
            };
            fate_of(&expires, &of, days(2)).is_some()
        };
        assert!(!with(&tags));
        tags.insert("a", "c").unwrap();
        assert!(!with(&tags));
        let mut right = Tags::new();
        right.insert("a", "b").unwrap();
        right.insert("x", "y").unwrap();
        assert!(with(&right));
        assert!(asks_for_tags(&[expires]) && !asks_for_tags(&[rule()]));
    }

    #[test]
    fn the_coldest_class_and_never_a_warmer_one() {
        let mut moves = rule();
        let to = |days, class| Transition {
            due: Due::Days(days),
            class,
        };
        moves.transitions = vec![
            to(1, StorageClass::StandardIa),
            to(3, StorageClass::DeepArchive),
            to(2, StorageClass::Archive),
        ];
        let at = |day, class| {
            let of = Aged {
                class,
                ..object("a")
            };
            fate_of(&moves, &of, days(day))
        };
        let standard = StorageClass::Standard;
        assert_eq!(at(1, standard), None);
        assert_eq!(at(2, standard), Some(Fate::Moves(StorageClass::StandardIa)));
        assert_eq!(at(3, standard), Some(Fate::Moves(StorageClass::Archive)));
        assert_eq!(
            at(9, standard),
            Some(Fate::Moves(StorageClass::DeepArchive))
        );
        assert_eq!(at(2, StorageClass::StandardIa), None);
        assert_eq!(at(3, StorageClass::DeepArchive), None);
    }

    #[test]
    fn earlier_versions_have_rules_of_their_own() {
        let mut versions = rule();
        versions.noncurrent_expiration = Some(NoncurrentExpiration {
            days: 1,
            newer_kept: 2,
        });
        let of = |newer| Aged {
            noncurrent: Some((MADE, newer)),
            ..object("a")
        };
        assert_eq!(fate_of(&versions, &of(2), days(1)), None);
        assert_eq!(fate_of(&versions, &of(2), days(2)), Some(Fate::Expires));
        assert_eq!(fate_of(&versions, &of(1), days(2)), None);
        assert_eq!(fate_of(&versions, &object("a"), days(9)), None);
        let mut markers = rule();
        markers.expiration = Some(Expiration::LoneMarkers);
        markers.filter.prefix = "m".to_owned();
        assert_eq!(fate_of(&markers, &object("m"), days(9)), None);
        let markers = [markers];
        assert!(lone_marker_goes(&markers, "m") && !lone_marker_goes(&markers, "a"));
        let mut uploads = rule();
        uploads.abort_uploads_days = Some(1);
        let uploads = [uploads];
        let goes = |now| upload_goes(&uploads, ("a", MADE), now, Day::default());
        assert!(!goes(days(1)) && goes(days(2)));
    }
}
