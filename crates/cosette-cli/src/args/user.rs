//! `user`: who may use the store in a folder, with which keys, and for what.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Make users and their keys, give them rights, and take them away
#[derive(Debug, Args)]
#[command(after_help = "\
What is done holds for the very next request, also in a server that is running on the folder. A secret
key is printed once, when it is made, and never again.

A user has no rights but those that a policy attached to it, a bucket's policy or an ACL gives.
Policies are JSON, of the COS or the S3 dialect; - is standard input.

Examples:
  cosette user create ann                            a sub-user of the root account
  cosette user key create ann --output json > ann.json
  cosette user policy put ann reader reader.json     attaches the policy in reader.json
  cosette user create team --app-id 1250000002       an account with buckets of its own
  cosette user create bob --account 200000000007     a sub-user of that account
  cosette user key rotate ann                        a new key; all others end
  cosette user token ann --duration 3600 --policy upload-only.json
  cosette user disable ann")]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    pub(crate) command: UserCommand,
}

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make a user: a sub-user of the root account, or with --app-id an account of its own
    Create(CreateUserArgs),
    /// Show all users, with their keys and the names of their policies
    List,
    /// Let a user's keys be used again
    Enable(UserName),
    /// Let no key of a user be used, temporary ones included
    Disable(UserName),
    /// Remove a user with its keys and policies
    Delete(UserName),
    /// Make, rotate, revoke and list the keys of a user
    #[command(subcommand)]
    Key(KeyCommand),
    /// Attach policies to a user, show and detach them
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Give out temporary credentials of a user
    Token(TokenArgs),
    /// Seal the tokens of temporary credentials with a new key
    RotateTokens {
        /// End all temporary credentials that were given out
        #[arg(long)]
        revoke: bool,
    },
}

/// A user.
#[derive(Debug, Args)]
pub(crate) struct UserName {
    /// Name of the user
    #[arg(value_name = "USER")]
    pub(crate) name: String,
}

/// A new user.
#[derive(Debug, Args)]
pub(crate) struct CreateUserArgs {
    #[command(flatten)]
    pub(crate) user: UserName,
    /// Uin of the account that it belongs to; the root account if none is named
    #[arg(long, value_name = "UIN", conflicts_with = "app_id")]
    pub(crate) account: Option<String>,
    /// Make an account of its own, whose buckets end in this number
    #[arg(long, value_name = "APPID")]
    pub(crate) app_id: Option<String>,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key pair beside those that are there
    Create(UserName),
    /// Make a key pair and revoke all others at the same instant
    Rotate(UserName),
    /// Revoke a key pair
    Revoke {
        #[command(flatten)]
        user: UserName,
        /// Id of the key
        #[arg(value_name = "SECRET_ID")]
        secret_id: String,
    },
    /// Show the ids of a user's keys
    List(UserName),
}

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Attach a policy, in place of one of that name
    Put {
        #[command(flatten)]
        user: UserName,
        /// Name of the policy
        #[arg(value_name = "POLICY")]
        policy: String,
        /// File with the policy; `-` is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Show a policy as it was written
    Get {
        #[command(flatten)]
        user: UserName,
        /// Name of the policy
        #[arg(value_name = "POLICY")]
        policy: String,
    },
    /// Detach a policy
    Delete {
        #[command(flatten)]
        user: UserName,
        /// Name of the policy
        #[arg(value_name = "POLICY")]
        policy: String,
    },
}

/// Temporary credentials.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) user: UserName,
    /// How long they last, in seconds: 60 to 129600
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    pub(crate) duration: u64,
    /// File with a policy that narrows them: they may do what the user may and the policy allows
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}
