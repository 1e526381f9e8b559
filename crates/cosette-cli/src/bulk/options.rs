//! What a plan remembers of the command line that made it, so that another run can carry it on.

use std::path::{Path, PathBuf};

use cosette::transfer::{Engine, PlanHead, Wanted, WantedEncryption};
use serde::{Deserialize, Serialize};

use crate::args::{Global, KeyFileArgs, TuningArgs};
use crate::config::{self, Place, Settings};
use crate::failure::{Failure, Result};
use crate::files::absolute;
use crate::keys::TransferKeys;
use crate::output::Output;

/// Where to, and how fast. Never a key: those are found again as for any command.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Options {
    /// For people: the words of the command.
    pub(crate) command: String,
    /// The job that this one takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) undoes: Option<String>,
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
    /// Which store all that came to, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<PathBuf>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) anonymous: bool,
    /// Moves are copies and deletes, whatever the service can.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) copy_delete: bool,
    /// What the service could when the plan was made, beyond COS and of what plans are counted by: its
    /// capabilities by their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) able: Vec<String>,
    /// Whole histories: the journal stays, since it tells which version became which.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) all_versions: bool,
    /// The folder that downloads may not leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<PathBuf>,
    /// Where customers' keys lie: the files are read again, and the plan tells them from others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer_key_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_customer_key_file: Option<PathBuf>,
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

/// A store as people know it.
fn store(settings: &Settings) -> String {
    match &settings.place {
        Place::Folder(folder) => format!("the store in {}", absolute(folder).display()),
        Place::Url(url) => url.clone(),
        Place::Cos => "Tencent Cloud".to_owned(),
        Place::Amazon => "Amazon S3".to_owned(),
    }
}

impl Options {
    /// What this command line says.
    pub(crate) fn new(global: &Global, tuning: &TuningArgs, from_profile: Option<&str>) -> Self {
        // The first word is the path of this program, which is nobody's business later.
        let words: Vec<String> = std::env::args().skip(1).collect();
        Self {
            command: words.join(" "),
            undoes: None,
            profile: global.profile.clone(),
            from_profile: from_profile.map(str::to_owned),
            endpoint: global.endpoint.clone(),
            dialect: global.dialect.map(|it| config::dialect_word(it).to_owned()),
            config_from: global.config_from.map(|from| from.as_str().to_owned()),
            store: None,
            region: global.region.as_ref().map(ToString::to_string),
            data: global.data.as_ref().map(|data| absolute(data)),
            anonymous: global.anonymous,
            copy_delete: false,
            able: Vec::new(),
            all_versions: false,
            folder: None,
            customer_key_file: None,
            source_customer_key_file: None,
            chunk_size: tuning.chunk_size,
            slice_size: tuning.slice_size,
            parallel: tuning.parallel,
            requests_per_second: tuning.requests_per_second,
            bandwidth: tuning.bandwidth,
        }
    }

    /// Remembers the store that a command found, also where its environment or a file named it: whoever carries
    /// it on may have another environment.
    pub(crate) fn remember(&mut self, settings: &Settings) {
        self.store = Some(store(settings));
        let said = self.profile.is_some()
            || self.endpoint.is_some()
            || self.data.is_some()
            || self.config_from.is_some();
        if said {
            return;
        }
        if let Some(from) = settings.config_from {
            self.config_from = Some(from.as_str().to_owned());
            return;
        }
        self.profile.clone_from(&settings.profile);
        self.endpoint = match &settings.place {
            Place::Folder(folder) => {
                self.data = Some(absolute(folder));
                return;
            }
            Place::Url(url) => Some(url.clone()),
            Place::Cos => Some(config::COS.to_owned()),
            Place::Amazon => Some(config::S3.to_owned()),
        };
        self.dialect = Some(config::dialect_word(settings.dialect).to_owned());
    }

    /// What to tell whoever carries this on at another store.
    pub(crate) fn elsewhere(&self, settings: &Settings) -> Option<String> {
        let (begun, now) = (self.store.as_ref()?, store(settings));
        (*begun != now).then(|| format!("this was planned for {begun}; it is carried on at {now}"))
    }

    /// Which store it is, in words that are the same for every run.
    pub(crate) fn place(&self) -> String {
        let words = (
            &self.profile,
            &self.endpoint,
            &self.dialect,
            &self.config_from,
        );
        format!("{words:?} {:?} {:?}", self.region, self.data)
    }

    /// With the files that flags name; those that were named before stay otherwise.
    pub(crate) fn with_key_files(mut self, files: &KeyFileArgs) -> Self {
        let over = |said: &Option<PathBuf>, before: Option<PathBuf>| {
            said.as_deref().map(absolute).or(before)
        };
        self.customer_key_file = over(&files.customer_key_file, self.customer_key_file.take());
        let before = self.source_customer_key_file.take();
        self.source_customer_key_file = over(&files.source_customer_key_file, before);
        self
    }

    /// The keys that a plan wants, from the files that were named when it was made, or now.
    ///
    /// # Errors
    /// When a file is not there, or has another key than the plan was made with.
    pub(crate) fn keys(&self, wanted: &Wanted, output: &Output) -> Result<TransferKeys> {
        let customer = matches!(wanted.encryption, WantedEncryption::Customer(_));
        let needed = |file: &Option<PathBuf>, wants: bool, flag: &str| match file {
            Some(file) if wants && file.exists() => Ok(Some(file.clone())),
            Some(file) if wants => Err(Failure::usage(format!(
                "{}: the job needs the customer's key that was in it; give {flag} FILE",
                file.display()
            ))),
            None if wants => Err(Failure::usage(format!(
                "the job needs a customer's key; give {flag} FILE"
            ))),
            _ => Ok(None),
        };
        let files = KeyFileArgs {
            customer_key_file: needed(&self.customer_key_file, customer, "--customer-key-file")?,
            source_customer_key_file: needed(
                &self.source_customer_key_file,
                wanted.source_key.is_some(),
                "--source-customer-key-file",
            )?,
        };
        let keys = files.read(output)?;
        let told = keys.of_plan(Wanted::default());
        let other = |file: &Option<PathBuf>, flag: &str| {
            let file = file.as_deref().unwrap_or(Path::new(""));
            let file = file.display();
            Failure::usage(format!(
                "{file}: the plan is about another key, of another MD5; give {flag} FILE"
            ))
        };
        if customer && told.encryption != wanted.encryption {
            return Err(other(&files.customer_key_file, "--customer-key-file"));
        }
        if told.source_key != wanted.source_key {
            let flag = "--source-customer-key-file";
            return Err(other(&files.source_customer_key_file, flag));
        }
        Ok(keys)
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
