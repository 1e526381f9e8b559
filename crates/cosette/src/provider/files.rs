//! The files in which other tools keep keys. Only what is needed of their forms is read.

use crate::credentials::Credentials;

fn pair(id: Option<&str>, key: Option<&str>, token: Option<&str>) -> Result<Credentials, String> {
    let some = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    match (some(id), some(key)) {
        (Some(id), Some(key)) => Ok(match some(token) {
            Some(token) => Credentials::new(id, key).with_token(token),
            None => Credentials::new(id, key),
        }),
        (None, _) => Err("there is no secret id".to_owned()),
        (_, None) => Err("there is no secret key".to_owned()),
    }
}

/// `secret_id`, `secret_key` and `token` of a section.
pub(super) fn ini(text: &str, section: &str) -> Result<Credentials, String> {
    let mut here = false;
    let mut found = false;
    let [mut id, mut key, mut token] = [None; 3];
    for line in text.lines().map(str::trim) {
        if line.starts_with([';', '#']) {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            here = name.trim() == section;
            found |= here;
            continue;
        }
        let Some((name, value)) = line.split_once('=').filter(|_| here) else {
            continue;
        };
        let value = Some(value.trim());
        match name.trim() {
            // `access_id` is the old name of coscmd's files.
            "secret_id" | "access_id" | "aws_access_key_id" => id = value,
            "secret_key" | "aws_secret_access_key" => key = value,
            "token" | "aws_session_token" => token = value,
            _ => {}
        }
    }
    if !found {
        return Err(format!("there is no section [{section}]"));
    }
    pair(id, key, token)
}

/// `cos.base` of coscli's file.
pub(super) fn cos_yaml(text: &str) -> Result<Credentials, String> {
    let mut path: Vec<(usize, &str)> = Vec::new();
    let [mut id, mut key, mut token, mut mode, mut plain] = [None; 5];
    for line in text.lines() {
        let bare = line.trim_start();
        if bare.is_empty() || bare.starts_with(['#', '-']) {
            continue;
        }
        let indent = line.len() - bare.len();
        let Some((name, value)) = bare.split_once(':') else {
            continue;
        };
        path.retain(|(outer, _)| *outer < indent);
        let names: Vec<_> = path.iter().map(|(_, name)| *name).collect();
        if names == ["cos", "base"] {
            let value = Some(unquoted(value.trim()));
            match name.trim() {
                "secretid" => id = value,
                "secretkey" => key = value,
                "sessiontoken" => token = value,
                "mode" => mode = value,
                "disableencryption" => plain = value,
                _ => {}
            }
        }
        path.push((indent, name.trim()));
    }
    if mode == Some("CvmRole") {
        return Err("its mode is CvmRole: use the role of the instance".to_owned());
    }
    let readable = plain == Some("true") || id.is_some_and(|id| id.starts_with("AKID"));
    if id.is_some_and(|id| !id.is_empty()) && !readable {
        return Err(
            "coscli has encrypted the keys; set disableencryption to \"true\" there \
                    and enter them again"
                .to_owned(),
        );
    }
    pair(id, key, token)
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(found: Result<Credentials, String>) -> Result<(String, Option<String>), String> {
        found.map(|pair| (pair.secret_id().to_owned(), pair.token().map(str::to_owned)))
    }

    #[test]
    fn a_section_of_an_ini_file() {
        let text = "[other]\nsecret_id = x\n\n[common]\n# a note\nsecret_id = AKIDa\n\
                    secret_key=k=k\ntoken =\nbucket = b\n[later]\nsecret_id = y\n";
        assert_eq!(ids(ini(text, "common")), Ok(("AKIDa".to_owned(), None)));
        assert!(ini(text, "other").unwrap_err().contains("secret key"));
        assert!(ini(text, "none").unwrap_err().contains("[none]"));
        let old = "[common]\naccess_id=AKIDb\nsecret_key=k\ntoken=t\n";
        let wanted = ("AKIDb".to_owned(), Some("t".to_owned()));
        assert_eq!(ids(ini(old, "common")), Ok(wanted));
    }

    #[test]
    fn the_base_of_a_yaml_file() {
        let text = "cos:\n  base:\n    secretid: AKIDa\n    secretkey: \"k\"\n    sessiontoken: 't'\n\
                    \x20   protocol: https\n  buckets:\n  - name: b-1\n    secretid: no\n";
        let wanted = ("AKIDa".to_owned(), Some("t".to_owned()));
        assert_eq!(ids(cos_yaml(text)), Ok(wanted));
        let hidden = text.replace("AKIDa", "b64==");
        assert!(cos_yaml(&hidden).unwrap_err().contains("disableencryption"));
        let plain = hidden.replace(
            "    protocol",
            "    disableencryption: \"true\"\n    protocol",
        );
        assert!(cos_yaml(&plain).is_ok());
        let role = text.replace("protocol: https", "mode: CvmRole");
        assert!(cos_yaml(&role).unwrap_err().contains("instance"));
        assert!(cos_yaml("").is_err());
    }
}
