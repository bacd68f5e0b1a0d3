//! Folders as they are read.

use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

fn files(generations: [u32; 2]) -> PolicyFiles {
    let rule = |generation: u32| format!("@id(\"g{generation}\") permit (principal, action, resource);");
    [("a.cedar".to_owned(), rule(generations[0])), ("b.cedar".to_owned(), rule(generations[1]))].into()
}

#[test]
fn a_folder_that_is_not_there_is_told_once_with_what_to_do() {
    let error = read(&tempfile::tempdir().unwrap().path().join("none")).unwrap_err();
    assert!(error.to_string().ends_with("; name a folder or file that is there"), "{error}");
    assert!(std::error::Error::source(&error).is_none(), "its text has the reason already");
}

#[test]
fn a_folder_is_taken_when_two_readings_are_the_same() {
    let dir = Path::new("policy");
    let reading = |all: Vec<PolicyFiles>| {
        let mut all = all.into_iter();
        settled(dir, || all.next().ok_or_else(|| PolicyError::folder("policy", "read too often", "")))
    };
    assert_eq!(reading(vec![files([1, 1]), files([1, 1])]).unwrap(), files([1, 1]));
    // half replaced at first
    assert_eq!(reading(vec![files([2, 1]), files([2, 2]), files([2, 2])]).unwrap(), files([2, 2]));
    let never = reading(vec![files([2, 1]), files([2, 2]), files([3, 2]), files([3, 3]), files([3, 3])]);
    assert!(never.unwrap_err().to_string().contains("changed while it was read"));
}

#[test]
fn a_link_that_is_turned_over_while_it_is_read_gives_one_folder_or_none() {
    let dir = tempfile::tempdir().unwrap();
    for generation in [1, 2] {
        let folder = dir.path().join(format!("v{generation}"));
        fs::create_dir(&folder).unwrap();
        for (name, text) in files([generation; 2]) {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let (link, next) = (dir.path().join("policy"), dir.path().join("next"));
    symlink("v1", &link).unwrap();
    let done = AtomicBool::new(false);
    let (mut taken, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for turn in (1..=2).cycle() {
                symlink(format!("v{turn}"), &next).unwrap();
                fs::rename(&next, &link).unwrap();
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        for _ in 0..500 {
            match read(&link) {
                Ok(read) => {
                    assert!(read == files([1, 1]) || read == files([2, 2]), "half of each: {read:?}");
                    taken += 1;
                }
                Err(error) => {
                    assert!(error.to_string().contains("changed while it was read"), "{error}");
                    refused += 1;
                }
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(taken + refused, 500);
    assert_eq!(read(&link).unwrap(), read(&link).unwrap(), "and it is read again when it is at rest");
}

const MASKING: &str = "topics:\n  - {topic: orders, value: {avro: schemas/order.avsc}}\n";

/// A policy folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let rules = [("a.cedar", "permit (principal, action, resource);"), ("topics.yaml", "[]")];
    for (name, text) in rules.iter().chain(files) {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

#[test]
fn schemas_in_the_folder_and_below_are_of_the_policy() {
    let dir = folder(&[
        ("masking.yaml", MASKING),
        ("schemas/order.avsc", "\"string\""),
        ("schemas/deep/er/idle.proto", "message A {}"),
        ("own.proto", "message B {}"),
        ("notes/read.me", "not read"),
        ("tests/a.yaml", "[]"),
        (".hidden/old.avsc", "{"),
    ]);
    let all = read(dir.path()).unwrap();
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    let wanted =
        ["a.cedar", "masking.yaml", "own.proto", "schemas/deep/er/idle.proto", "schemas/order.avsc", "topics.yaml"];
    assert_eq!(names, wanted);
    let report = check(dir.path()).unwrap();
    let warnings: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
    for idle in ["own.proto: no row", "schemas/deep/er/idle.proto: no row of masking.yaml names"] {
        assert!(warnings.iter().any(|warning| warning.starts_with(idle)), "{idle}: {warnings:?}");
    }
    assert!(!warnings.iter().any(|warning| warning.starts_with("schemas/order")), "{warnings:?}");
    fs::write(dir.path().join("schemas/order.avsc"), "\"int\"").unwrap();
    assert_ne!(check(dir.path()).unwrap().version, report.version, "another schema is another version");
    fs::write(dir.path().join("schemas/order.avsc"), "{\n\"type\": }").unwrap();
    let wrong = check(dir.path()).unwrap_err();
    assert!(wrong[0].to_string().starts_with("schemas/order.avsc:2:9: not JSON"), "{wrong:?}");
    assert_eq!(schemas_below(&dir.path().join("schemas")).unwrap().len(), 2);
}

#[test]
fn no_schema_comes_from_outside_of_the_folder() {
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("order.avsc"), "\"string\"").unwrap();
    let dir = folder(&[("masking.yaml", MASKING), ("schemas/other.avsc", "\"string\"")]);
    symlink(elsewhere.path(), dir.path().join("linked")).unwrap();
    symlink(".", dir.path().join("schemas/loop")).unwrap();
    let names: Vec<String> = read(dir.path()).unwrap().into_keys().collect();
    assert!(names.contains(&"schemas/other.avsc".to_owned()) && !names.iter().any(|name| name.contains("linked")));
    fs::remove_file(dir.path().join("schemas/loop")).unwrap();
    symlink("other.avsc", dir.path().join("schemas/order.avsc")).unwrap();
    assert!(check(dir.path()).is_ok(), "a link within the folder is as good as the file");
    fs::remove_file(dir.path().join("schemas/order.avsc")).unwrap();
    symlink(elsewhere.path().join("order.avsc"), dir.path().join("schemas/order.avsc")).unwrap();
    let refused = read(dir.path()).unwrap_err().to_string();
    assert!(refused.starts_with("schemas/order.avsc: leads out of the folder"), "{refused}");
}

#[test]
fn schemas_have_bounds_and_rules_below_are_refused_however_deep() {
    let dir = folder(&[("a/b/c/rule.cedar", "forbid (principal, action, resource);")]);
    assert!(read(dir.path()).unwrap_err().to_string().contains("rule.cedar: sub-folders are not read"));
    let deep = format!("{}order.avsc", "d/".repeat(DEPTH_MAX + 1));
    let less_deep = deep.strip_prefix("d/").unwrap();
    let dir = folder(&[(deep.as_str(), "\"string\""), (less_deep, "\"int\"")]);
    let found: Vec<String> = read(dir.path()).unwrap().into_keys().filter(|name| is_schema(name)).collect();
    assert_eq!(found, [less_deep]);
    let many: Vec<String> = (0..FILES_MAX).map(|number| format!("schemas/{number}.proto")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "")).collect();
    assert!(read(folder(&many).path()).unwrap_err().to_string().contains("more than 256 files"));
    let large = " ".repeat(1 << 20);
    let large: Vec<(String, &str)> = (0..5).map(|number| (format!("{number}.avsc"), large.as_str())).collect();
    let large: Vec<(&str, &str)> = large.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let told = check(folder(&large).path()).unwrap_err();
    assert!(told[0].to_string().contains("more than 4194304 bytes of schemas"), "{told:?}");
}

/// A pipe would be waited for, and a device read without end.
#[test]
fn what_is_no_file_is_refused_at_once() {
    for name in ["pipe.cedar", "link.cedar", "topics.yaml", "pipe.avsc"] {
        let dir = folder(&[("a.cedar", "permit (principal, action, resource);")]);
        let path = dir.path().join(name);
        if name.starts_with("link") {
            symlink("/dev/zero", &path).unwrap();
        } else {
            let _replaced = fs::remove_file(&path);
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        }
        let error = read(dir.path()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}: is no regular file; put the file itself there")), "{error}");
    }
}

#[test]
fn a_file_has_a_largest_size() {
    let most = usize::try_from(FILE_BYTES_MAX).unwrap();
    let sized = |bytes: usize| read(folder(&[("a.cedar", " ".repeat(bytes).as_str())]).path());
    assert!(sized(most).is_ok());
    let error = sized(most + 1).unwrap_err().to_string();
    assert!(error.contains("a.cedar: is larger than 1048576 bytes"), "{error}");
}

#[test]
fn files_from_elsewhere_are_named_as_those_of_a_folder() {
    let sent = |name: &str| {
        let rule = "permit (principal, action, resource);".to_owned();
        let files = PolicyFiles::from([("a.cedar".to_owned(), rule), (name.to_owned(), "\"int\"".to_owned())]);
        load(&files).map(drop).map_err(|errors| errors[0].to_string())
    };
    assert_eq!(sent("schemas/order.avsc"), Ok(()));
    for name in [
        "../order.avsc",
        "/order.avsc",
        "a//order.avsc",
        "a/../order.avsc",
        "a/.hidden/order.avsc",
        "a\\order.avsc",
        "a/b/c/d/e/f/g/h/i/order.avsc",
        "schemas/rules.cedar",
        "schemas/topics.yaml",
        "order.json",
    ] {
        assert!(sent(name).unwrap_err().contains("is no file of a policy"), "{name}");
    }
}
