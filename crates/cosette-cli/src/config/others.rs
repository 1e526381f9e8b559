//! What the files of coscli, coscmd and Tencent Cloud's SDKs say beside keys: where their buckets are.
//!
//! They are read and never written. Absent on purpose: coscli's aliases of buckets, and plain http,
//! which their `protocol` and `schema` may ask for: what leaves this machine for the cloud is encrypted.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use cosette::Dialect;
use cosette::provider::KeyFile;
use cosette_types::{BucketName, Region};

use super::{Env, Place, Settings, keys, parse_region};
use crate::args::{ConfigFrom, Global};
use crate::failure::{Failure, Kind, Result};
use crate::files;

/// The settings that another tool works with.
pub(super) fn settings(from: ConfigFrom, global: &Global, env: Env<'_>) -> Result<Settings> {
    let home = env("HOME")
        .or_else(|| env("USERPROFILE"))
        .map(PathBuf::from);
    let home = home.ok_or_else(|| Failure::usage("--config-from needs HOME to be set"))?;
    let (path, file) = match from {
        ConfigFrom::Coscli => {
            let path = home.join(".cos.yaml");
            (path.clone(), KeyFile::cos_yaml(path))
        }
        ConfigFrom::Coscmd => {
            let path = home.join(".cos.conf");
            (path.clone(), KeyFile::cos_conf(path))
        }
        ConfigFrom::Tencentcloud => {
            let own = home.join(".tencentcloud/credentials");
            let path = if own.exists() {
                own
            } else {
                PathBuf::from("/etc/tencentcloud/credentials")
            };
            let profile = env("TENCENTCLOUD_PROFILE").unwrap_or_else(|| "default".to_owned());
            (path.clone(), KeyFile::shared(path, profile))
        }
    };
    let found = if global.anonymous {
        files::read_if_there(&path)?.map(|text| (None, text))
    } else {
        keys::read(&file, &path)?.map(|(keys, text)| (Some(keys), text))
    };
    let Some((keys, text)) = found else {
        let told = format!("{}: there is no such file", path.display());
        return Err(Failure::new(Kind::Usage, told));
    };
    let place = match &global.endpoint {
        Some(endpoint) => super::endpoint_place(endpoint)?,
        None => Place::Cos,
    };
    let mut settings = Settings {
        place,
        dialect: global.dialect.unwrap_or(Dialect::Cos),
        region: super::region(global, env, None)?,
        regions: HashMap::new(),
        ca_file: super::ca_file(global, env, None),
        keys,
        anonymous: global.anonymous,
        profile: None,
        config_from: Some(from),
        file: PathBuf::new(),
        warnings: Vec::new(),
    };
    if files::others_may_read(&path) {
        let shown = path.display();
        let told =
            format!("{shown} holds a secret key and others may read it; run: chmod 600 {shown}");
        settings.warnings.push(told);
    }
    learn_regions(&mut settings, &path, &text)?;
    // Whoever asks for that tool's settings means its host, too, and has named no other.
    if let (None, Some(host)) = (&global.endpoint, host_of(&path, &text)) {
        settings.place = Place::Url(format!("https://{{bucket}}.{host}"));
    }
    Ok(settings)
}

/// The host that a file of another tool names, if it is none of Tencent Cloud's own.
fn host_of<'t>(path: &Path, text: &'t str) -> Option<&'t str> {
    let is_ini = path.file_name().is_some_and(|name| name == ".cos.conf");
    let common = is_ini.then(|| ini_section(text, "common"))?;
    let endpoint = common.get("endpoint").copied();
    endpoint.filter(|host| region_of(host).is_none())
}

/// Takes from a file of another tool the regions that nothing else has said. Where a command works is
/// never taken from there unless somebody asks for it.
pub(super) fn learn_regions(settings: &mut Settings, path: &Path, text: &str) -> Result<()> {
    let name = path.file_name().and_then(|name| name.to_str());
    let wrong = |why: Failure| why.during(path.display());
    match name {
        Some(".cos.yaml") => {
            for bucket in yaml_buckets(text) {
                let region = bucket
                    .get("region")
                    .map(|region| (*region).to_owned())
                    .or_else(|| bucket.get("endpoint").and_then(|host| region_of(host)));
                let (Some(name), Some(region)) = (bucket.get("name"), region) else {
                    continue;
                };
                let Ok(name) = name.parse::<BucketName>() else {
                    continue;
                };
                let region = parse_region(&region).map_err(wrong)?;
                settings.regions.insert(name, region);
            }
        }
        Some(".cos.conf") => {
            let common = ini_section(text, "common");
            let endpoint = common.get("endpoint").copied();
            let region = common.get("region").map(|region| (*region).to_owned());
            let region = region.or_else(|| endpoint.and_then(region_of));
            if settings.region.is_none() {
                settings.region = region
                    .map(|region| parse_region(&region).map_err(wrong))
                    .transpose()?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The region in a host of COS: `cos.<region>.myqcloud.com`.
fn region_of(host: &str) -> Option<String> {
    let known = [".myqcloud.com", ".tencentcos.cn"];
    let host = known.iter().find_map(|end| host.strip_suffix(end))?;
    let region = host.strip_prefix("cos.")?;
    let plain = region.parse::<Region>().is_ok() && region != "accelerate";
    plain.then(|| region.to_owned())
}

/// The values of a section; those that are empty say nothing.
fn ini_section<'t>(text: &'t str, section: &str) -> HashMap<&'t str, &'t str> {
    let mut here = false;
    let mut values = HashMap::new();
    for line in text.lines().map(str::trim) {
        let title = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Some(title) = title {
            here = title.trim() == section;
        } else if here
            && !line.starts_with(['#', ';'])
            && let Some((name, value)) = line.split_once('=')
            && !value.trim().is_empty()
        {
            values.insert(name.trim(), value.trim());
        }
    }
    values
}

/// The entries of `cos.buckets`, as coscli writes them: a list of flat maps.
fn yaml_buckets(text: &str) -> Vec<HashMap<&str, &str>> {
    let mut buckets: Vec<HashMap<&str, &str>> = Vec::new();
    let mut list: Option<usize> = None;
    for line in text.lines() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let begins = bare.strip_prefix("- ");
        match list {
            None => {
                list = (bare.trim_end() == "buckets:").then_some(indent);
                continue;
            }
            Some(outer) if indent < outer || (indent == outer && begins.is_none()) => {
                list = None;
                continue;
            }
            Some(_) => {}
        }
        if begins.is_some() {
            buckets.push(HashMap::new());
        }
        let field = begins.unwrap_or(bare);
        if let (Some(bucket), Some((name, value))) = (buckets.last_mut(), field.split_once(':')) {
            let value = value.trim().trim_matches(['"', '\'']);
            if !value.is_empty() {
                bucket.insert(name.trim(), value);
            }
        }
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As coscli 1.0 writes it.
    const YAML: &str = "\
cos:
  base:
    secretid: AKIDcli
    secretkey: scli
    sessiontoken: \"\"
    protocol: https
    mode: \"\"
    cvmrolename: \"\"
    closeautoswitchhost: \"false\"
    disableencryption: \"true\"
  buckets:
  - name: one-1250000000
    alias: one
    region: ap-chengdu
    endpoint: \"\"
    ofs: false
  - name: two-1250000000
    alias: two
    region: \"\"
    endpoint: cos.ap-beijing.myqcloud.com
    ofs: false
  other: x
";

    #[test]
    fn buckets_of_coscli_tell_their_regions() {
        let buckets = yaml_buckets(YAML);
        assert_eq!(buckets.len(), 2, "{buckets:?}");
        assert_eq!(buckets[0].get("region"), Some(&"ap-chengdu"));
        assert_eq!(buckets[1].get("region"), None);
        assert_eq!(
            buckets[1].get("endpoint").and_then(|host| region_of(host)),
            Some("ap-beijing".to_owned())
        );
        assert!(yaml_buckets("cos:\n  base:\n    secretid: x\n").is_empty());
        // Indented lists, and the order of names that other writers choose.
        let other = "cos:\n  buckets:\n    - alias: a\n      name: b-1\n      region: ap-x\n";
        assert_eq!(yaml_buckets(other)[0].get("name"), Some(&"b-1"));
    }

    #[test]
    fn hosts_without_a_region_tell_none() {
        for (host, region) in [
            ("cos.ap-guangzhou.myqcloud.com", Some("ap-guangzhou")),
            ("cos.accelerate.myqcloud.com", None),
            ("cos.example.com", None),
            ("", None),
        ] {
            assert_eq!(region_of(host).as_deref(), region, "{host}");
        }
    }

    #[test]
    fn empty_values_say_nothing() {
        let common = ini_section(
            "[x]\nregion=a\n[common]\nregion =\n; c\nbucket = b-1\n",
            "common",
        );
        assert_eq!(common.get("region"), None);
        assert_eq!(common.get("bucket"), Some(&"b-1"));
    }
}
