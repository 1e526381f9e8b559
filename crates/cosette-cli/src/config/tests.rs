use super::*;

struct World {
    folder: tempfile::TempDir,
    global: Global,
    env: Vec<(&'static str, String)>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display().to_string();
        Self {
            folder,
            global: Global::default(),
            env: vec![("HOME", home)],
        }
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.to_owned()));
        self
    }

    fn file(self, text: &str) -> Self {
        let path = self.folder.path().join(".config/cosette/config.toml");
        files::write_private(&path, text).unwrap();
        self
    }

    fn resolve(&self) -> Result<Settings> {
        resolve(&self.global, &|name| {
            self.env
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone())
        })
    }
}

const PROFILES: &str = r#"
    [profiles.work]
    region = "ap-beijing"
    secret_id = "AKIDwork"
    secret_key = "swork"

    [profiles.lab]
    endpoint = "http://127.0.0.1:9000/"
    secret_id = "AKIDlab"
"#;

#[test]
fn with_nothing_said_it_is_the_folder() {
    let world = World::new();
    let settings = world.resolve().unwrap();
    let folder = world.folder.path().join(".local/share/cosette");
    assert_eq!(settings.place, Place::Folder(folder));
    assert_eq!(settings.region, None);
    // Keys in the environment are for endpoints; the folder has its own.
    let world = World::new()
        .set("COS_SECRET_ID", "a")
        .set("COS_SECRET_KEY", "b");
    assert!(world.resolve().unwrap().keys.is_none());
}

#[test]
fn a_profile_is_tencent_cloud_unless_it_names_another_place() {
    let mut world = World::new().file(PROFILES);
    world.global.profile = Some("work".to_owned());
    let settings = world.resolve().unwrap();
    assert_eq!(settings.place, Place::Cos);
    assert_eq!(settings.region, Some("ap-beijing".parse().unwrap()));
    assert_eq!(settings.keys.unwrap().secret_id, "AKIDwork");
    world.global.profile = Some("lab".to_owned());
    let told = world.resolve().unwrap_err();
    assert!(told.sentence().contains("no secret_key"), "{told}");
    world.global.profile = Some("none".to_owned());
    let told = world.resolve().unwrap_err();
    assert!(told.sentence().contains("lab, work"), "{told}");
}

#[test]
fn the_environment_yields_to_a_profile_asked_for_and_outranks_the_default_one() {
    let text = format!("profile = \"work\"\n{PROFILES}");
    let world = World::new().file(&text);
    assert_eq!(world.resolve().unwrap().keys.unwrap().secret_id, "AKIDwork");
    let mut world = world
        .set("TENCENTCLOUD_SECRET_ID", "AKIDenv")
        .set("TENCENTCLOUD_SECRET_KEY", "senv")
        .set("COSETTE_REGION", "ap-nanjing");
    let settings = world.resolve().unwrap();
    assert_eq!(settings.keys.unwrap().secret_id, "AKIDenv");
    assert_eq!(settings.region, Some("ap-nanjing".parse().unwrap()));
    world.global.profile = Some("work".to_owned());
    let settings = world.resolve().unwrap();
    assert_eq!(settings.keys.unwrap().secret_id, "AKIDwork");
    assert_eq!(settings.region, Some("ap-beijing".parse().unwrap()));
}

#[test]
fn half_a_key_pair_is_named() {
    let mut world = World::new().set("COSETTE_SECRET_ID", "a");
    world.global.endpoint = Some("http://127.0.0.1:9000".to_owned());
    let told = world.resolve().unwrap_err();
    assert!(
        told.sentence().contains("COSETTE_SECRET_KEY is not"),
        "{told}"
    );
    world.global.anonymous = true;
    assert!(world.resolve().unwrap().keys.is_none());
}

#[test]
fn a_broken_file_is_told_without_its_lines() {
    let world = World::new().file("[profiles.work]\nsecret_key = \"s3cret\nregion = 1\n");
    let told = world.resolve().unwrap_err();
    assert!(!told.to_string().contains("s3cret"), "{told}");
    let world = World::new().file("[profiles.work]\nsecretkey = \"s3cret\"\n");
    let told = world.resolve().unwrap_err();
    assert!(
        !told.to_string().contains("s3cret") && told.to_string().contains("secretkey"),
        "{told}"
    );
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().file(PROFILES);
    assert_eq!(world.resolve().unwrap().warnings, Vec::<String>::new());
    let path = world.folder.path().join(".config/cosette/config.toml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let warnings = world.resolve().unwrap().warnings;
    assert!(
        warnings.iter().any(|told| told.contains("chmod 600")),
        "{warnings:?}"
    );
}

#[test]
fn endpoints_are_urls() {
    for bad in [
        "",
        "ftp://x",
        "127.0.0.1:9000",
        "http://",
        "http:///x",
        "http://id:key@host",
    ] {
        assert!(endpoint_place(bad).is_err(), "{bad}");
    }
    assert_eq!(
        endpoint_place("http://h:1/").unwrap(),
        Place::Url("http://h:1".to_owned())
    );
    assert_eq!(endpoint_place("cos").unwrap(), Place::Cos);
}
