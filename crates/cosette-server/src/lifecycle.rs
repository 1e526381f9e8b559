//! Does with time what the rules of buckets say: objects expire or get colder classes, earlier versions
//! and lone delete markers go, unfinished uploads are aborted.
//!
//! Round after round everything is looked at, page by page, and each thing that is due is one small
//! transaction of its own, which does nothing if the version is not what was judged any more. Nothing
//! is kept between rounds: one that was cut off by the end of the process begins anew.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cosette_proto::ops::LifecycleConfiguration;
use cosette_store::{
    AbortUpload, AgeVersion, Aging, Bucket, BucketFilter, Clock, Error as Fact, ListUploads,
    ListVersions, ListedVersion, SeenVersion, Store, VersionPage,
};
use cosette_types::lifecycle::{self, Aged, Day, Fate, LifecycleRule};
use cosette_types::{ObjectKey, StorageClass, Tags, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::Error;
use crate::limits;
use crate::metrics::Metrics;
use crate::ops;

/// When rules are applied, and what is done without any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifecycleSettings {
    /// The pause between two rounds; none are made when it is zero.
    pub interval: Duration,
    /// How long a day is, for who wants to see one pass.
    pub day_secs: u64,
    /// After how many days an unfinished upload is aborted in any bucket; never when it is zero.
    pub uploads_expire_days: u32,
}

impl Default for LifecycleSettings {
    fn default() -> Self {
        Self {
            interval: limits::LIFECYCLE_INTERVAL,
            day_secs: Day::default().secs,
            uploads_expire_days: limits::UPLOADS_EXPIRE_DAYS,
        }
    }
}

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LifecycleRound {
    /// Current versions that were deleted.
    pub expired: u64,
    /// Earlier versions and delete markers that were removed for good.
    pub removed: u64,
    /// Versions that got another class.
    pub moved: u64,
    /// Uploads that were aborted.
    pub uploads: u64,
}

/// What looks at everything.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: LifecycleSettings,
    pub(crate) metrics: Arc<Metrics>,
}

/// The rounds in the background; they end when this goes.
#[derive(Debug)]
pub(crate) struct Rounds {
    end: watch::Sender<bool>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Rounds {
    pub(crate) fn begin(lifecycle: &Arc<Lifecycle>) -> Self {
        let (end, told) = watch::channel(false);
        let makes_rounds = !lifecycle.settings.interval.is_zero();
        let worker = makes_rounds.then(|| tokio::spawn(rounds(Arc::clone(lifecycle), told)));
        Self {
            end,
            worker: Mutex::new(worker),
        }
    }

    /// Ends the worker, after the step that it is at: from then on it holds nothing of the store.
    pub(crate) async fn end(&self) {
        self.end.send_replace(true);
        let worker = self.worker.lock();
        let worker = worker.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker {
            // It never panics on purpose; if it did, there is nothing left to wait for.
            let _ = worker.await;
        }
    }
}

async fn rounds(lifecycle: Arc<Lifecycle>, mut told: watch::Receiver<bool>) {
    // Not at the very start, when whoever started it has more urgent things to do.
    let mut pause = limits::LIFECYCLE_FIRST.min(lifecycle.settings.interval);
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = told.changed() => return,
        }
        // A step that is cut off here is still done: the store finishes what it began.
        let made = tokio::select! {
            made = lifecycle.round() => made,
            _ = told.changed() => return,
        };
        if let Err(error) = made {
            tracing::warn!(%error, "lifecycle rules could not all be applied; the next round goes on");
        }
        pause = lifecycle.settings.interval;
    }
}

/// What was seen of the key that is being looked at.
#[derive(Debug, Default)]
struct Walk {
    key: Option<String>,
    /// When the version before was made.
    newer_made: Timestamp,
    /// How many earlier versions of the key came before.
    newer: u32,
    /// A current delete marker, while it is not known whether something is left behind it.
    marker: Option<ListedVersion>,
}

impl Lifecycle {
    /// Looks at everything once, and does what is due.
    pub(crate) async fn round(&self) -> Result<LifecycleRound, Error> {
        let mut round = LifecycleRound::default();
        let mut filter = BucketFilter {
            owner_uin: None,
            region: None,
            marker: None,
            limit: limits::LIFECYCLE_PAGE,
        };
        loop {
            let page = self.store.buckets(&filter).await?;
            for bucket in &page.buckets {
                match self.bucket(bucket, &mut round).await {
                    Err(error) if error.code().status().is_client_error() => {
                        // It went, or others write the same keys just now: seen again next time.
                        tracing::debug!(bucket = %bucket.name, %error, "lifecycle rules wait");
                    }
                    made => made?,
                }
            }
            filter.marker = page.next_marker;
            if filter.marker.is_none() {
                break;
            }
        }
        Metrics::count(&self.metrics.lifecycle_rounds);
        Ok(round)
    }

    async fn bucket(&self, bucket: &Bucket, round: &mut LifecycleRound) -> Result<(), Error> {
        let configuration = ops::lifecycle::configuration(&self.store, &bucket.name).await?;
        let LifecycleConfiguration { rules } = configuration.unwrap_or_default();
        self.uploads(bucket, &rules, round).await?;
        if rules.is_empty() {
            return Ok(());
        }
        let mut walk = Walk::default();
        let mut request = ListVersions {
            limit: limits::LIFECYCLE_PAGE,
            ..ListVersions::default()
        };
        let mut page = self.store.list_versions(&bucket.name, &request).await?;
        loop {
            // The page behind is read before anything of this one goes: where it begins is told by
            // the last version of this one.
            let next: Option<VersionPage> = match page.next_key_marker.take() {
                Some(marker) => {
                    request.key_marker = marker;
                    request.version_id_marker = page.next_version_id_marker.take();
                    Some(self.store.list_versions(&bucket.name, &request).await?)
                }
                None => None,
            };
            for version in page.versions {
                self.version(bucket, &rules, version, (&mut walk, round))
                    .await?;
            }
            match next {
                Some(next) => page = next,
                None => break,
            }
            tokio::time::sleep(limits::LIFECYCLE_PAUSE).await;
        }
        self.lone_marker(bucket, &rules, walk.marker.take(), round)
            .await
    }

    async fn version(
        &self,
        bucket: &Bucket,
        rules: &[LifecycleRule],
        version: ListedVersion,
        (walk, round): (&mut Walk, &mut LifecycleRound),
    ) -> Result<(), Error> {
        if walk.key.as_ref() == Some(&version.key) {
            // Something is left behind the marker.
            walk.marker = None;
        } else {
            let marker = walk.marker.take();
            self.lone_marker(bucket, rules, marker, round).await?;
            *walk = Walk {
                key: Some(version.key.clone()),
                ..Walk::default()
            };
        }
        let noncurrent = (!version.is_latest).then_some((walk.newer_made, walk.newer));
        walk.newer_made = version.last_modified;
        let (size, class) = match &version.object {
            Some((size, _, class)) => (*size, *class),
            None => (0, StorageClass::Standard),
        };
        walk.newer += u32::from(!version.is_latest && version.object.is_some());
        if version.object.is_none() && version.is_latest {
            walk.marker = Some(version);
            return Ok(());
        }
        let of_marker = Tags::new();
        let of = Aged {
            key: &version.key,
            size,
            made: version.last_modified,
            class,
            tags: version.object.is_none().then_some(&of_marker),
            noncurrent,
        };
        let (now, day) = (self.clock.now(), self.day());
        let Some(mut fate) = lifecycle::fate(rules, &of, now, day) else {
            return Ok(());
        };
        let key = kept_key(&version.key)?;
        let mut tags = None;
        if lifecycle::asks_for_tags(rules) && version.object.is_some() {
            let id = version.version_id.as_ref();
            let object = match self.store.object(&bucket.name, &key, id).await {
                Ok(object) => object,
                // It went meanwhile.
                Err(Fact::NoSuchKey | Fact::NoSuchVersion | Fact::KeyIsDeleted { .. }) => {
                    return Ok(());
                }
                Err(fact) => return Err(fact.into()),
            };
            let with_tags = Aged {
                tags: Some(&object.tags),
                ..of
            };
            let Some(judged) = lifecycle::fate(rules, &with_tags, now, day) else {
                return Ok(());
            };
            fate = judged;
            tags = Some(object.tags.clone());
        }
        let aging = match fate {
            Fate::Expires => Aging::Expire,
            Fate::Moves(class) if version.object.is_some() => Aging::Move(class),
            Fate::Moves(_) => return Ok(()),
        };
        self.age(bucket, key, seen(&version, tags), aging, round)
            .await
    }

    async fn lone_marker(
        &self,
        bucket: &Bucket,
        rules: &[LifecycleRule],
        marker: Option<ListedVersion>,
        round: &mut LifecycleRound,
    ) -> Result<(), Error> {
        let Some(marker) = marker.filter(|of| lifecycle::lone_marker_goes(rules, &of.key)) else {
            return Ok(());
        };
        let key = kept_key(&marker.key)?;
        let seen = seen(&marker, None);
        self.age(bucket, key, seen, Aging::RemoveLoneMarker, round)
            .await
    }

    async fn age(
        &self,
        bucket: &Bucket,
        key: ObjectKey,
        seen: SeenVersion,
        aging: Aging,
        round: &mut LifecycleRound,
    ) -> Result<(), Error> {
        let is_latest = seen.is_latest;
        let request = AgeVersion {
            bucket: bucket.name.clone(),
            bucket_made: bucket.created,
            key,
            seen,
            aging,
        };
        let done = match self.store.age_version(request).await {
            Err(Fact::Conflict) => false,
            done => done?,
        };
        if !done {
            return Ok(());
        }
        let (number, counter) = match aging {
            Aging::Expire if is_latest => (&mut round.expired, &self.metrics.lifecycle_expired),
            Aging::Expire | Aging::RemoveLoneMarker => {
                (&mut round.removed, &self.metrics.lifecycle_removed)
            }
            Aging::Move(_) => (&mut round.moved, &self.metrics.lifecycle_moved),
        };
        counted(number, counter);
        Ok(())
    }

    async fn uploads(
        &self,
        bucket: &Bucket,
        rules: &[LifecycleRule],
        round: &mut LifecycleRound,
    ) -> Result<(), Error> {
        let in_all = self.settings.uploads_expire_days;
        let has_rule = rules.iter().any(|rule| rule.abort_uploads_days.is_some());
        if in_all == 0 && !has_rule {
            return Ok(());
        }
        let mut request = ListUploads {
            limit: limits::LIFECYCLE_PAGE,
            ..ListUploads::default()
        };
        loop {
            let page = self.store.list_uploads(&bucket.name, &request).await?;
            let (now, day) = (self.clock.now(), self.day());
            for upload in page.uploads {
                let begun = upload.initiated;
                let over = in_all > 0 && now >= day.after(begun, in_all);
                if !over && !lifecycle::upload_goes(rules, (&upload.key, begun), now, day) {
                    continue;
                }
                let abort = AbortUpload {
                    bucket: bucket.name.clone(),
                    key: kept_key(&upload.key)?,
                    upload_id: upload.upload_id,
                };
                match self.store.abort_upload(abort).await {
                    Ok(()) => counted(&mut round.uploads, &self.metrics.lifecycle_uploads),
                    // It was completed, or aborted by others.
                    Err(Fact::NoSuchUpload | Fact::Conflict) => {}
                    Err(fact) => return Err(fact.into()),
                }
            }
            let Some(marker) = page.next_key_marker else {
                return Ok(());
            };
            request.key_marker = marker;
            request.upload_id_marker = page.next_upload_id_marker;
            tokio::time::sleep(limits::LIFECYCLE_PAUSE).await;
        }
    }

    const fn day(&self) -> Day {
        Day {
            secs: self.settings.day_secs,
        }
    }
}

fn counted(number: &mut u64, counter: &AtomicU64) {
    *number += 1;
    Metrics::count(counter);
}

fn seen(version: &ListedVersion, tags: Option<Tags>) -> SeenVersion {
    let object = version.object.as_ref();
    SeenVersion {
        version_id: version.version_id.clone(),
        last_modified: version.last_modified,
        object: object.map(|(_, etag, class)| (etag.clone(), *class)),
        tags,
        is_latest: version.is_latest,
    }
}

fn kept_key(key: &str) -> Result<ObjectKey, Error> {
    ObjectKey::parse_s3(key).map_err(|error| Error::internal(format!("a listed key: {error}")))
}
