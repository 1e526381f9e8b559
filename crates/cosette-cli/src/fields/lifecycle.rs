//! Lifecycle rules, under the names of the COS documents.

use cosette::{LifecycleConfiguration, date};
use cosette_types::StorageClass;
use cosette_types::lifecycle::{Due, Expiration, LifecycleFilter, LifecycleRule};
use serde_json::Value;

use super::{Fields, Object};

impl Fields for LifecycleConfiguration {
    fn fields(&self) -> Object {
        let rules: Vec<Value> = self.rules.iter().map(rule).collect();
        Object::new().with("Rules", rules)
    }
}

fn rule(rule: &LifecycleRule) -> Value {
    let status = if rule.enabled { "Enabled" } else { "Disabled" };
    let moves = rule.transitions.iter().map(|transition| {
        due(Object::new(), transition.due)
            .text("StorageClass", transition.class)
            .done()
    });
    let earlier = rule.noncurrent_transitions.iter().map(|transition| {
        noncurrent(
            transition.days,
            transition.newer_kept,
            Some(transition.class),
        )
    });
    let (moves, earlier): (Vec<_>, Vec<_>) = (moves.collect(), earlier.collect());
    let mut object = Object::new()
        .some("ID", rule.id.as_ref())
        .with("Status", status)
        .with("Filter", filter(&rule.filter));
    if !moves.is_empty() {
        object = object.with("Transition", moves);
    }
    if let Some(expiration) = rule.expiration {
        let said = match expiration {
            Expiration::At(at) => due(Object::new(), at),
            Expiration::LoneMarkers => Object::new().with("ExpiredObjectDeleteMarker", true),
        };
        object = object.with("Expiration", said.done());
    }
    if !earlier.is_empty() {
        object = object.with("NoncurrentVersionTransition", earlier);
    }
    if let Some(gone) = rule.noncurrent_expiration {
        let said = noncurrent(gone.days, gone.newer_kept, None);
        object = object.with("NoncurrentVersionExpiration", said);
    }
    if let Some(days) = rule.abort_uploads_days {
        let said = Object::new().with("DaysAfterInitiation", days).done();
        object = object.with("AbortIncompleteMultipartUpload", said);
    }
    object.done()
}

fn due(object: Object, due: Due) -> Object {
    match due {
        Due::Days(days) => object.with("Days", days),
        Due::Date(at) => object.text("Date", date::iso_seconds(at)),
    }
}

fn noncurrent(days: u32, newer_kept: u32, class: Option<StorageClass>) -> Value {
    let kept = (newer_kept > 0).then_some(newer_kept);
    let mut object = Object::new().with("NoncurrentDays", days);
    if let Some(kept) = kept {
        object = object.with("NewerNoncurrentVersions", kept);
    }
    object.some("StorageClass", class).done()
}

fn filter(filter: &LifecycleFilter) -> Value {
    let tag =
        |(key, value): (&str, &str)| Object::new().text("Key", key).text("Value", value).done();
    let tags: Vec<Value> = filter.tags.iter().map(tag).collect();
    let mut object = Object::new().text("Prefix", &filter.prefix);
    if !tags.is_empty() {
        object = object.with("Tag", tags);
    }
    if let Some(bytes) = filter.larger_than {
        object = object.with("ObjectSizeGreaterThan", bytes);
    }
    if let Some(bytes) = filter.smaller_than {
        object = object.with("ObjectSizeLessThan", bytes);
    }
    object.done()
}
