//! The file of `serve`, and what it, the environment and the command line come to.

use std::fmt::Write as _;
use std::path::Path;

use cosette_types::Region;
use toml::{Table, Value};

use super::keys::{KEYS, Key, ServerSettings};
use crate::args::ServeArgs;
use crate::failure::{Failure, Result};

/// Settings of a server: flags before the environment before the file before defaults.
pub(crate) fn resolve(
    args: &ServeArgs,
    region: Option<&Region>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<ServerSettings> {
    let mut settings = ServerSettings::default();
    if let Some(path) = args
        .server_config
        .clone()
        .or_else(|| env("COSETTE_SERVER_CONFIG").map(Into::into))
    {
        read(&path, &mut settings)?;
    }
    for key in KEYS {
        let variable = key.variable();
        if let Some(text) = env(&variable) {
            key.set_text(&mut settings, &text)
                .map_err(|why| Failure::usage(format!("{variable} {why}")))?;
        }
    }
    for pair in &args.set {
        let (name, text) = pair
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("--set {pair}: it must be NAME=VALUE")))?;
        let key = Key::of(name).ok_or_else(|| Failure::usage(unknown(name)))?;
        key.set_text(&mut settings, text)
            .map_err(|why| Failure::usage(format!("--set {name} {why}")))?;
    }
    flags(args, region, &mut settings);
    judge(&settings)?;
    Ok(settings)
}

fn flags(args: &ServeArgs, region: Option<&Region>, settings: &mut ServerSettings) {
    let ServeArgs {
        listen,
        domain,
        accounts,
        access_log,
        log_format,
        tls_cert,
        tls_key,
        allow_plain_http,
        admin_listen,
        server_config: _,
        set: _,
    } = args;
    if let Some(listen) = listen {
        settings.listen = *listen;
    }
    if !domain.is_empty() {
        settings.domains.clone_from(domain);
    }
    for (flag, slot) in [
        (accounts, &mut settings.accounts),
        (access_log, &mut settings.access_log),
        (tls_cert, &mut settings.tls_cert),
        (tls_key, &mut settings.tls_key),
    ] {
        if flag.is_some() {
            slot.clone_from(flag);
        }
    }
    if let Some(format) = log_format {
        settings.log_format = *format;
    }
    settings.allow_plain_http |= allow_plain_http;
    if admin_listen.is_some() {
        settings.admin_listen = *admin_listen;
    }
    if let Some(region) = region {
        settings.region = Some(region.to_string());
    }
}

/// Reads a file into settings.
pub(crate) fn read(path: &Path, settings: &mut ServerSettings) -> Result<()> {
    let text = std::fs::read_to_string(path).map_err(|why| Failure::local(path.display(), why))?;
    let table: Table = toml::from_str(&text).map_err(|why| {
        Failure::usage(format!(
            "{}: {}",
            path.display(),
            why.to_string().trim_end()
        ))
    })?;
    for (name, value) in rows(&table) {
        let key = Key::of(&name)
            .ok_or_else(|| Failure::usage(format!("{}: {}", path.display(), unknown(&name))))?;
        key.set(settings, value)
            .map_err(|why| Failure::usage(format!("{}: {name} {why}", path.display())))?;
    }
    Ok(())
}

/// Rows of a file, those of its tables with the table's name before theirs.
fn rows(table: &Table) -> Vec<(String, &Value)> {
    let mut rows = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(inner) => {
                rows.extend(
                    inner
                        .iter()
                        .map(|(own, value)| (format!("{name}.{own}"), value)),
                );
            }
            value => rows.push((name.clone(), value)),
        }
    }
    rows
}

fn unknown(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let near = KEYS
        .iter()
        .find(|key| key.name.rsplit('.').next() == Some(last));
    match near {
        Some(key) => format!("there is no setting {name}; there is {}", key.name),
        None => format!("there is no setting {name}; `cosette config example` shows all of them"),
    }
}

/// What cannot be started, whatever the values by themselves.
pub(crate) fn judge(settings: &ServerSettings) -> Result<()> {
    if settings.tls_cert.is_some() != settings.tls_key.is_some() {
        return Err(Failure::usage("TLS needs both, tls_cert and tls_key"));
    }
    let is_plain = settings.tls_cert.is_none();
    if is_plain && !settings.listen.ip().is_loopback() && !settings.allow_plain_http {
        return Err(Failure::usage(format!(
            "{} can be reached from other machines, and without TLS anybody between can read and change what is sent: give \
             --tls-cert and --tls-key, or --allow-plain-http if something before this server speaks TLS or the network is \
             your own",
            settings.listen
        )));
    }
    if let Some(region) = &settings.region {
        region
            .parse::<Region>()
            .map_err(|why| Failure::usage(format!("region: {why}")))?;
    }
    let limits = &settings.limits;
    for (name, is_zero) in [
        ("head_bytes_max", limits.head_bytes_max == 0),
        ("headers_max", limits.headers_max == 0),
        ("connections_max", limits.connections_max == 0),
        (
            "connections_per_address_max",
            limits.connections_per_address_max == 0,
        ),
        ("requests_max", limits.requests_max == 0),
        ("body_memory_bytes_max", limits.body_memory_bytes_max == 0),
        ("head_read_timeout_secs", limits.head_read_timeout.is_zero()),
        ("idle_timeout_secs", limits.idle_timeout.is_zero()),
        ("handshake_timeout_secs", limits.handshake_timeout.is_zero()),
    ] {
        if is_zero {
            return Err(Failure::usage(format!(
                "limits.{name} of 0 would serve nobody"
            )));
        }
    }
    // The HTTP library has a least size for what it reads into.
    if limits.head_bytes_max < HEAD_BYTES_LEAST {
        return Err(Failure::usage(format!(
            "limits.head_bytes_max must be at least {HEAD_BYTES_LEAST}"
        )));
    }
    Ok(())
}

/// A signed request of an official client has a head of about one KiB.
const HEAD_BYTES_LEAST: usize = 8 << 10;

/// A file that says what is the case without it.
pub(crate) fn example() -> String {
    let defaults = ServerSettings::default();
    let mut text = String::from(
        "# The settings of `cosette serve`, each with its default. Flags come before variables of the\n\
         # environment (COSETTE_SERVE_ and the name in capitals), these before this file.\n\
         # The root key pair is not here: it comes from COSETTE_ROOT_SECRET_ID and COSETTE_ROOT_SECRET_KEY,\n\
         # or is made at the first start and kept in the store's folder.\n",
    );
    let mut table = "";
    for key in KEYS {
        let (own, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if own != table {
            let _ = write!(text, "\n[{own}]\n");
            table = own;
        }
        let _ = write!(
            text,
            "\n# {}\n#{name} = {}\n",
            key.help,
            key.written(&defaults)
        );
    }
    text
}

/// All settings as a table of the manual.
#[cfg(test)]
fn manual() -> String {
    let defaults = ServerSettings::default();
    let mut text = String::from("| setting | default | what it means |\n| --- | --- | --- |\n");
    for key in KEYS {
        let help = key.help.replace('<', "\\<");
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {help} |",
            key.name,
            key.written(&defaults)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(file: &str, env: &[(&str, &str)], set: &[&str]) -> Result<ServerSettings> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.toml");
        std::fs::write(&path, file).unwrap();
        let args = ServeArgs {
            server_config: Some(path),
            set: set.iter().map(|pair| (*pair).to_owned()).collect(),
            ..ServeArgs::default()
        };
        let of = |name: &str| {
            env.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| (*value).to_owned())
        };
        resolve(&args, None, &of)
    }

    fn refused(file: &str) -> String {
        resolved(file, &[], &[]).unwrap_err().sentence().to_owned()
    }

    #[test]
    fn the_example_is_what_is_the_case_without_it() {
        let example = example();
        assert_eq!(
            resolved(&example, &[], &[]).unwrap(),
            ServerSettings::default()
        );
        // With every value in force it is the same, and every setting is in it.
        let rows: Vec<&str> = example
            .lines()
            .filter(|line| line.starts_with('#') && !line.starts_with("# "))
            .collect();
        assert_eq!(rows.len(), KEYS.len());
        let in_force: String = example
            .lines()
            .map(|line| {
                format!(
                    "{}\n",
                    if line.starts_with("# ") {
                        ""
                    } else {
                        line.trim_start_matches('#')
                    }
                )
            })
            .collect();
        assert_eq!(
            resolved(&in_force, &[], &[]).unwrap(),
            ServerSettings::default()
        );
    }

    #[test]
    fn the_command_line_comes_before_the_environment_before_the_file() {
        let file = "[limits]\nrequests_max = 1\nheaders_max = 1\nidle_timeout_secs = 1\n";
        let env = [
            ("COSETTE_SERVE_LIMITS_REQUESTS_MAX", "2"),
            ("COSETTE_SERVE_LIMITS_HEADERS_MAX", "2"),
            ("COSETTE_SERVE_DOMAINS", "a.b, c.d"),
        ];
        let settings = resolved(file, &env, &["limits.requests_max=3"]).unwrap();
        assert_eq!(
            (settings.limits.requests_max, settings.limits.headers_max),
            (3, 2)
        );
        assert_eq!(settings.limits.idle_timeout.as_secs(), 1);
        assert_eq!(settings.domains, ["a.b", "c.d"]);
        assert_eq!(settings.limits.connections_max, 1024);
    }

    #[test]
    fn a_file_that_cannot_be_meant_is_refused_in_words() {
        for (file, words) in [
            ("lisen = \"x\"", "no setting lisen"),
            ("requests_max = 1", "there is limits.requests_max"),
            ("listen = 9000", "listen must be a text"),
            ("listen = \"9000\"", "must be an address"),
            ("admin_listen = 70000", "is no port"),
            ("allow_plain_http = 1", "true or false"),
            ("domains = \"a\"", "must be a list"),
            ("log_format = \"xml\"", "\"text\" or \"json\""),
            ("[limits]\nrequests_max = -1", "not below 0"),
            ("[limits]\nrequests_max = 0", "would serve nobody"),
            ("[limits]\nhead_bytes_max = 100", "at least"),
            ("region = \"a b\"", "region"),
            ("tls_cert = \"c.pem\"", "needs both"),
            ("listen = \"0.0.0.0:9000\"", "--allow-plain-http"),
            ("listen = ", "line 1"),
        ] {
            let told = refused(file);
            assert!(told.contains(words), "{file}: {told}");
        }
        assert!(
            resolved(
                "listen = \"0.0.0.0:9000\"\nallow_plain_http = true",
                &[],
                &[]
            )
            .is_ok()
        );
        assert!(resolved("listen = \"[::1]:9000\"", &[], &[]).is_ok());
        let admin = resolved("admin_listen = 9001", &[], &[])
            .unwrap()
            .admin_listen;
        assert_eq!(admin, "127.0.0.1:9001".parse().ok());
    }

    /// The manual's table is made from the one here; COSETTE_BLESS=1 writes it again.
    #[test]
    fn the_manual_says_what_the_table_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let (begin, end) = ("<!-- settings: begin -->\n", "<!-- settings: end -->");
        let (before, rest) = page.split_once(begin).unwrap();
        let (table, after) = rest.split_once(end).unwrap();
        if std::env::var_os("COSETTE_BLESS").is_some() {
            std::fs::write(&path, format!("{before}{begin}{}{end}{after}", manual())).unwrap();
        } else {
            assert_eq!(table, manual(), "COSETTE_BLESS=1 writes it again");
        }
        for family in cosette_server::metrics::FAMILIES {
            assert!(
                page.contains(&format!(
                    "| `{}` | {} | {} |",
                    family.name, family.kind, family.help
                )),
                "{} is not in the manual",
                family.name
            );
        }
    }
}
