//! `config`: the configuration file.

use clap::{Args, Subcommand, ValueEnum};

/// Show or change the configuration file
#[derive(Debug, Args)]
#[command(after_help = "\
Secrets are read from the environment or from standard input, never from the command line, and are
never shown.

Examples:
  cosette config init --profile work --region ap-guangzhou < keys.txt    two lines: secret id, secret key
  cosette config init --profile lab --endpoint http://127.0.0.1:9000 --key-file store/root-key.json
  cosette config init --profile team --endpoint https://cos.team:9000 --ca-file ca.pem --from-env
  cosette config init --profile aws --dialect s3 --region eu-west-1 --from-env
  cosette config set profile work            which profile is used when none is named
  cosette config show
  cosette config example > server.toml       the settings of serve, to be changed
  cosette config check server.toml")]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Make a profile, or make it anew
    Init(InitConfigArgs),
    /// Show what commands would use now, and where it comes from
    Show,
    /// Change one value of a profile
    Set(SetConfigArgs),
    /// Print the path of the configuration file
    Path,
    /// Look at a file of settings for serve, without starting it
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: std::path::PathBuf,
    },
    /// Print a file of settings for serve: all of them, with their defaults
    Example,
}

/// Where the keys of a new profile come from.
#[derive(Debug, Args)]
pub(crate) struct InitConfigArgs {
    /// Take the key pair from the environment (COSETTE_SECRET_ID and the like) instead of stdin
    #[arg(long)]
    pub(crate) from_env: bool,
    /// Take the key pair from a JSON file with secret_id and secret_key, such as the root-key.json that a server
    /// keeps in its folder
    #[arg(long, value_name = "FILE", conflicts_with = "from_env")]
    pub(crate) key_file: Option<std::path::PathBuf>,
    /// A profile without keys
    #[arg(long, conflicts_with_all = ["from_env", "key_file"])]
    pub(crate) no_keys: bool,
    /// Use this profile when none is named
    #[arg(long)]
    pub(crate) default: bool,
}

/// A value of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum SettingName {
    /// Which profile is used when none is named
    Profile,
    /// `cos`, or a URL
    Endpoint,
    /// `cos` or `s3`
    Dialect,
    /// The region of buckets
    Region,
    /// Authorities to be trusted: a file in PEM
    CaFile,
    /// The secret id
    SecretId,
    /// The secret key; read from stdin
    SecretKey,
    /// The token of temporary keys; read from stdin
    Token,
}

/// A new value.
#[derive(Debug, Args)]
pub(crate) struct SetConfigArgs {
    /// What to change
    #[arg(value_enum)]
    pub(crate) name: SettingName,
    /// Its new value; without it, it is read from stdin
    pub(crate) value: Option<String>,
}
