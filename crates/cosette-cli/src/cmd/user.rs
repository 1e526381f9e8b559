//! `user`: users of the store in a folder, through whoever has the folder.

use std::path::Path;

use cosette_server::users::{Credentials, Reply, Request, UserFacts};
use serde_json::{Value, json};

use crate::args::{
    CreateUserArgs, Global, KeyCommand, PolicyCommand, TokenArgs, UserArgs, UserCommand,
};
use crate::config;
use crate::connect::Folder;
use crate::failure::{Failure, Result};
use crate::fields;
use crate::files;
use crate::output::{Output, Table};

pub(super) async fn run(global: &Global, args: UserArgs, output: &Output) -> Result<()> {
    if global.endpoint.is_some() || global.profile.is_some() {
        return Err(Failure::usage(
            "user is about the users of a folder's store; it takes --data, not --endpoint or --profile",
        ));
    }
    let (request, shown) = request(args.command)?;
    let folder = Folder::open(&config::data_folder(global, &config::process_env)).await?;
    // Shown before the folder is closed: who closes it lets go of standard output first.
    let done = folder.administer(&request).await;
    let shown = done.and_then(|reply| show(reply, shown, output));
    let closed = folder.close().await;
    shown.and(closed)
}

/// What of a user is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    Keys,
}

fn request(command: UserCommand) -> Result<(Request, Shown)> {
    let request = match command {
        UserCommand::Create(CreateUserArgs {
            user,
            account,
            app_id,
        }) => Request::CreateUser {
            name: user.name,
            account,
            app_id,
        },
        UserCommand::List => Request::ListUsers,
        UserCommand::Enable(user) => Request::SetEnabled {
            name: user.name,
            enabled: true,
        },
        UserCommand::Disable(user) => Request::SetEnabled {
            name: user.name,
            enabled: false,
        },
        UserCommand::Delete(user) => Request::DeleteUser { name: user.name },
        UserCommand::Key(command) => return Ok(key_request(command)),
        UserCommand::Policy(command) => policy_request(command)?,
        UserCommand::Token(TokenArgs {
            user,
            duration,
            policy,
        }) => Request::CreateToken {
            name: user.name,
            secs: duration,
            policy: policy.as_deref().map(text_of).transpose()?,
        },
        UserCommand::RotateTokens { revoke } => Request::RotateTokens { revoke },
    };
    Ok((request, Shown::All))
}

fn key_request(command: KeyCommand) -> (Request, Shown) {
    match command {
        KeyCommand::Create(user) => {
            let (name, replace) = (user.name, false);
            (Request::CreateKey { name, replace }, Shown::Keys)
        }
        KeyCommand::Rotate(user) => {
            let (name, replace) = (user.name, true);
            (Request::CreateKey { name, replace }, Shown::Keys)
        }
        KeyCommand::Revoke { user, secret_id } => {
            let name = user.name;
            (Request::RevokeKey { name, secret_id }, Shown::Keys)
        }
        KeyCommand::List(user) => (Request::GetUser { name: user.name }, Shown::Keys),
    }
}

fn policy_request(command: PolicyCommand) -> Result<Request> {
    Ok(match command {
        PolicyCommand::Put { user, policy, file } => Request::PutPolicy {
            name: user.name,
            policy,
            document: text_of(&file)?,
        },
        PolicyCommand::Get { user, policy } => Request::GetPolicy {
            name: user.name,
            policy,
        },
        PolicyCommand::Delete { user, policy } => Request::DeletePolicy {
            name: user.name,
            policy,
        },
    })
}

fn text_of(file: &Path) -> Result<String> {
    let bytes = files::read_bytes(file)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| {
        Failure::usage(format!(
            "{}: a policy is text, and this is not",
            file.display()
        ))
    })
}

fn show(reply: Reply, shown: Shown, output: &Output) -> Result<()> {
    match reply {
        Reply::Done => output.result("done", &json!({})),
        Reply::Users(users) => {
            let mut table = Table::plain("<<<<<");
            for user in &users {
                table.row(row(user));
            }
            let each: Vec<Value> = users.iter().map(|user| facts(user, Shown::All)).collect();
            output.result(&table.text(), &json!(each))
        }
        Reply::User(user) if shown == Shown::Keys => {
            let mut table = Table::plain("<<");
            for key in &user.keys {
                table.row([key.secret_id.clone(), since(key.created)]);
            }
            output.result(&table.text(), &facts(&user, shown))
        }
        Reply::User(user) => {
            let mut table = Table::plain("<<<<<");
            table.row(row(&user));
            output.result(&table.text(), &facts(&user, shown))
        }
        Reply::Policy(document) => output.result(&document, &json!({"Policy": document})),
        Reply::Credentials(credentials) => tell(&credentials, output),
    }
}

/// The only place where a secret key comes out.
fn tell(credentials: &Credentials, output: &Output) -> Result<()> {
    let mut table = Table::plain("<<");
    let mut value = json!({
        "SecretId": credentials.secret_id,
        "SecretKey": credentials.secret_key.expose(),
    });
    table.row(["SecretId", &credentials.secret_id]);
    table.row(["SecretKey", credentials.secret_key.expose()]);
    if let (Some(token), Some(object)) = (&credentials.token, value.as_object_mut()) {
        table.row(["Token", token]);
        object.insert("Token".to_owned(), json!(token));
    }
    if let (Some(expires), Some(object)) = (credentials.expires, value.as_object_mut()) {
        table.row(["Expires", &since(expires)]);
        object.insert("ExpiredTime".to_owned(), json!(expires));
    }
    output.result(&table.text(), &value)
}

fn row(user: &UserFacts) -> [String; 5] {
    let state = if user.enabled { "enabled" } else { "disabled" };
    let count = |number: usize, what: &str| format!("{number} {what}");
    [
        user.name.clone(),
        format!("uin/{}:uin/{}", user.account, user.uin),
        state.to_owned(),
        count(user.keys.len(), "keys"),
        user.policies.join(","),
    ]
}

fn facts(user: &UserFacts, shown: Shown) -> Value {
    let keys: Vec<Value> = user
        .keys
        .iter()
        .map(|key| json!({"SecretId": key.secret_id, "Created": since(key.created)}))
        .collect();
    if shown == Shown::Keys {
        return json!(keys);
    }
    json!({
        "Name": user.name,
        "Uin": user.uin,
        "OwnerUin": user.account,
        "AppId": user.app_id,
        "Enabled": user.enabled,
        "Created": since(user.created),
        "Keys": keys,
        "Policies": user.policies,
    })
}

fn since(secs: u64) -> String {
    fields::time(cosette_types::Timestamp::from_secs(secs))
}
