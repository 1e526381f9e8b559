//! `config`: shows and changes the configuration file. Secrets go in, and never come out.

use std::io::BufRead;
use std::path::Path;

use super::serve;
use crate::args::{ConfigArgs, ConfigCommand, Global, InitConfigArgs, SetConfigArgs, SettingName};
use crate::config::{self, File, Place, Profile, Settings};
use crate::failure::{Failure, Result};
use crate::fields::Object;
use crate::files;
use crate::output::{self, Output};

/// The profile that commands change when none is named.
const DEFAULT: &str = "default";

pub(crate) fn run(global: &Global, args: ConfigArgs, output: &Output) -> Result<()> {
    let env = config::process_env;
    let path = config::file_path(global, &env);
    match args.command {
        ConfigCommand::Path => {
            let shown = path.display().to_string();
            output.result(&shown, &Object::new().text("path", &shown).done())
        }
        ConfigCommand::Example => output.raw(serve::file::example().as_bytes()),
        ConfigCommand::Check { file } => serve::check(&file, output),
        ConfigCommand::Show => show(&config::resolve(global, &env), global, output),
        ConfigCommand::Init(args) => init(global, &args, output),
        ConfigCommand::Set(args) => set(global, args, output),
    }
}

/// What commands would use now. A missing key pair is part of the answer, not a failure.
fn show(settings: &Result<Settings>, global: &Global, output: &Output) -> Result<()> {
    let (settings, missing) = match settings {
        Ok(settings) => (settings.clone(), None),
        Err(why) => {
            let unsigned = Global {
                anonymous: true,
                ..global.clone()
            };
            (
                config::resolve(&unsigned, &config::process_env)?,
                Some(why.sentence().to_owned()),
            )
        }
    };
    for warning in &settings.warnings {
        output.note(warning);
    }
    let (place, target) = match &settings.place {
        Place::Folder(folder) => ("embedded store", folder.display().to_string()),
        Place::Cos => ("Tencent Cloud COS", config::COS.to_owned()),
        Place::Amazon => ("Amazon S3", config::S3.to_owned()),
        Place::Url(url) => ("server", url.clone()),
    };
    let keys = match (&settings.place, &settings.keys, missing) {
        (_, Some(keys), _) => format!("{} ({})", keys.secret_id, keys.found_in),
        (Place::Folder(_), None, None) if !global.anonymous => "the folder's own".to_owned(),
        (_, None, Some(why)) => why,
        (_, None, None) => "none (anonymous)".to_owned(),
    };
    let region = settings
        .region
        .as_ref()
        .map_or_else(|| "not set".to_owned(), ToString::to_string);
    let dialect = config::dialect_word(settings.dialect);
    let file = settings.file.display().to_string();
    let profile = settings
        .profile
        .clone()
        .unwrap_or_else(|| "none".to_owned());
    let text = format!(
        "place    {place}: {target}\ndialect  {dialect}\nregion   {region}\nkeys     {keys}\nprofile  {profile}\nfile     {file}"
    );
    let json = Object::new()
        .text("place", place)
        .text("endpoint", target)
        .text("dialect", dialect)
        .some("region", settings.region.as_ref())
        .some(
            "ca_file",
            settings.ca_file.as_ref().map(|path| path.display()),
        )
        .text("keys", keys)
        .some("profile", settings.profile.as_ref())
        .text("file", file);
    output.result(&text, &json.done())
}

fn init(global: &Global, args: &InitConfigArgs, output: &Output) -> Result<()> {
    let path = config::file_path(global, &config::process_env);
    let (mut file, _) = File::read(&path)?;
    let name = global.profile.clone().unwrap_or_else(|| DEFAULT.to_owned());
    let mut profile = Profile {
        endpoint: Some(global.endpoint.clone().unwrap_or_else(|| {
            // Each dialect's own cloud.
            config::dialect_word(global.dialect.unwrap_or_default()).to_owned()
        })),
        dialect: global.dialect.map(|it| config::dialect_word(it).to_owned()),
        region: global.region.as_ref().map(ToString::to_string),
        ca_file: global.ca_file.as_deref().map(files::absolute),
        ..Profile::default()
    };
    if args.from_env {
        let dialect = global.dialect.unwrap_or_default();
        let place = config::endpoint_place(profile.endpoint.as_deref().unwrap_or(config::COS))?;
        let keys = config::env_keys(&config::process_env, dialect, &place)?;
        let keys = keys.ok_or_else(|| Failure::usage("the environment holds no key pair"))?;
        profile.secret_id = Some(keys.secret_id);
        profile.secret_key = Some(keys.secret_key);
        profile.token = keys.token;
    } else if let Some(path) = &args.key_file {
        let [id, key] = pair_in(path)?;
        profile.secret_id = Some(id);
        profile.secret_key = Some(key);
    } else if !args.no_keys {
        profile.secret_id = Some(read_line("secret id")?);
        profile.secret_key = Some(read_line("secret key")?);
    }
    config::check(&profile)?;
    file.profiles.insert(name.clone(), profile);
    if args.default || file.profiles.len() == 1 && global.profile.is_none() {
        file.profile = Some(name.clone());
    }
    file.write(&path)?;
    let shown = path.display();
    output.result(
        &format!("profile `{name}` is in {shown}"),
        &Object::new()
            .text("profile", &name)
            .text("file", shown)
            .done(),
    )
}

/// The key pair in a JSON file.
fn pair_in(path: &Path) -> Result<[String; 2]> {
    let text = files::read_if_there(path)?;
    let text = text.ok_or_else(|| Failure::local(path.display(), "there is no such file"))?;
    // What the parser would say may quote the file.
    let wrong = || {
        Failure::usage(format!(
            "{}: no JSON with secret_id and secret_key",
            path.display()
        ))
    };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| wrong())?;
    let field = |name: &str| value.get(name)?.as_str().map(str::to_owned);
    match (field("secret_id"), field("secret_key")) {
        (Some(id), Some(key)) => Ok([id, key]),
        _ => Err(wrong()),
    }
}

fn set(global: &Global, args: SetConfigArgs, output: &Output) -> Result<()> {
    let secret = matches!(args.name, SettingName::SecretKey | SettingName::Token);
    if secret && args.value.is_some() {
        return Err(Failure::usage(
            "secrets are read from standard input: every user of this machine can see a command line",
        ));
    }
    let path = config::file_path(global, &config::process_env);
    let (mut file, _) = File::read(&path)?;
    let value = match args.value {
        Some(value) => value,
        None => read_line("value")?,
    };
    if args.name == SettingName::Profile {
        if !file.profiles.contains_key(&value) {
            return Err(Failure::usage(format!("there is no profile `{value}`")));
        }
        file.profile = Some(value);
    } else {
        let chosen = global.profile.clone().or_else(|| file.profile.clone());
        let name = chosen.unwrap_or_else(|| DEFAULT.to_owned());
        let profile = file.profiles.entry(name).or_default();
        match args.name {
            SettingName::Endpoint => profile.endpoint = Some(value),
            SettingName::Dialect => profile.dialect = Some(value),
            SettingName::Region => profile.region = Some(value),
            SettingName::CaFile => profile.ca_file = Some(files::absolute(Path::new(&value))),
            SettingName::SecretId => profile.secret_id = Some(value),
            SettingName::SecretKey => profile.secret_key = Some(value),
            SettingName::Token => profile.token = Some(value),
            // Set above: it is no value of a profile.
            SettingName::Profile => {}
        }
        config::check(profile)?;
    }
    file.write(&path)?;
    let shown = path.display();
    output.result(
        &format!("{shown} is changed"),
        &Object::new().text("file", shown).done(),
    )
}

/// One line of standard input.
fn read_line(what: &str) -> Result<String> {
    if output::stdin_is_terminal() {
        output::ask(&format!("{what}: "));
    }
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|why| Failure::local("standard input", why))?;
    let line = line.trim().to_owned();
    if line.is_empty() {
        return Err(Failure::usage(format!("no {what} on standard input")));
    }
    Ok(line)
}
