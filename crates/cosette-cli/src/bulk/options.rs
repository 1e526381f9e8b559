//! What a plan remembers of the command line that made it, so that another run can carry it on.

use std::path::PathBuf;

use cosette::transfer::{Engine, PlanHead};
use serde::{Deserialize, Serialize};

use crate::args::{Global, TuningArgs};
use crate::config;
use crate::failure::{Failure, Result};

/// Where to, and how fast. Never a key: those are found again as for any command.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Options {
    /// For people: the words of the command.
    pub(crate) command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    /// The profile of the sources, where it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dialect: Option<String>,
    /// The tool whose file of settings is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) config_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<PathBuf>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) anonymous: bool,
    /// Whole histories: the journal stays, since it tells which version became which.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) all_versions: bool,
    /// The folder that downloads may not leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chunk_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) slice_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parallel: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requests_per_second: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bandwidth: Option<u64>,
}

impl Options {
    /// What this command line says.
    pub(crate) fn new(global: &Global, tuning: &TuningArgs, from_profile: Option<&str>) -> Self {
        // The first word is the path of this program, which is nobody's business later.
        let words: Vec<String> = std::env::args().skip(1).collect();
        Self {
            command: words.join(" "),
            profile: global.profile.clone(),
            from_profile: from_profile.map(str::to_owned),
            endpoint: global.endpoint.clone(),
            dialect: global.dialect.map(|it| config::dialect_word(it).to_owned()),
            config_from: global.config_from.map(|from| from.as_str().to_owned()),
            region: global.region.as_ref().map(ToString::to_string),
            data: global.data.as_ref().map(|data| absolute(data)),
            anonymous: global.anonymous,
            all_versions: false,
            folder: None,
            chunk_size: tuning.chunk_size,
            slice_size: tuning.slice_size,
            parallel: tuning.parallel,
            requests_per_second: tuning.requests_per_second,
            bandwidth: tuning.bandwidth,
        }
    }

    pub(crate) fn of(head: &PlanHead) -> Result<Self> {
        if head.options.is_null() {
            return Ok(Self::default());
        }
        serde_json::from_value(head.options.clone())
            .map_err(|why| Failure::usage(format!("the plan's options: {why}")))
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The flags of a later command, with what this one said where they say nothing.
    pub(crate) fn over(&self, global: &Global) -> Result<Global> {
        let mut global = global.clone();
        let said = global.endpoint.is_some()
            || global.data.is_some()
            || global.profile.is_some()
            || global.config_from.is_some();
        if !said {
            global.profile.clone_from(&self.profile);
            global.endpoint.clone_from(&self.endpoint);
            global.data.clone_from(&self.data);
            if global.dialect.is_none() {
                let dialect = self.dialect.as_deref();
                global.dialect = dialect.map(config::parse_dialect).transpose()?;
            }
            let from = self.config_from.as_deref();
            global.config_from = from.map(config::parse_config_from).transpose()?;
            global.anonymous |= self.anonymous;
        }
        if global.region.is_none() {
            let region = self.region.as_deref().map(str::parse).transpose();
            global.region = region?;
        }
        Ok(global)
    }

    /// An engine that goes as fast as was asked for.
    pub(crate) fn tune(&self, engine: Engine) -> Engine {
        let mut engine = engine;
        if let Some(parallel) = self.parallel {
            engine = engine.concurrency(usize::from(parallel));
        }
        if let Some(most) = self.requests_per_second {
            engine = engine.requests_per_second(most);
        }
        if let Some(most) = self.bandwidth {
            engine = engine.bytes_per_second(most);
        }
        if let Some(bytes) = self.chunk_size {
            engine = engine.part_size(bytes);
        }
        if let Some(bytes) = self.slice_size {
            engine = engine.slice_size(bytes);
        }
        engine
    }
}

/// A path that means the same from any folder.
fn absolute(path: &std::path::Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
