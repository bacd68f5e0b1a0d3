//! Apache Kafka itself, and serializers for Java: jars of pinned versions, fetched once through Maven and checked by digest in every run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{Process, tail};
use crate::{cache, host, note};

/// The versions that the tests run against: the last 3.x and the newest 4.x whose parts are all on Maven Central.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 3.9.2
    V3_9,
    /// 4.3.1
    V4_3,
}

impl Version {
    /// Both, oldest first.
    pub const ALL: [Version; 2] = [Version::V3_9, Version::V4_3];

    /// The version number in full.
    #[must_use]
    pub fn number(self) -> &'static str {
        match self {
            Version::V3_9 => "3.9.2",
            Version::V4_3 => "4.3.1",
        }
    }

    fn set(self) -> Set {
        match self {
            Version::V3_9 => Set {
                name: "kafka-3.9.2",
                what: "Apache Kafka 3.9.2",
                lock: include_str!("../jars-3.9.2.sha256"),
                packages: &[
                    ("org.apache.kafka", "kafka_2.13", "3.9.2"),
                    ("org.apache.kafka", "kafka-tools", "3.9.2"),
                    LOGGER,
                ],
            },
            Version::V4_3 => Set {
                name: "kafka-4.3.1",
                what: "Apache Kafka 4.3.1",
                lock: include_str!("../jars-4.3.1.sha256"),
                packages: &[
                    ("org.apache.kafka", "kafka_2.13", "4.3.1"),
                    ("org.apache.kafka", "kafka-tools", "4.3.1"),
                    LOGGER,
                ],
            },
        }
    }
}

const LOGGER: (&str, &str, &str) = ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.24.3");

/// Flink's serializers for Confluent's registry, which bring Confluent's own client of it: its Maven packages are not on Maven Central.
const REGISTRY: Set = Set {
    name: "flink-avro-2.3.0",
    what: "Apache Flink's serializers 2.3.0",
    lock: include_str!("../jars-registry.sha256"),
    packages: &[
        ("org.apache.flink", "flink-sql-avro-confluent-registry", "2.3.0"),
        ("org.apache.flink", "flink-core", "2.3.0"),
    ],
};

/// Jars that are fetched together.
#[derive(Clone, Copy, Debug)]
struct Set {
    /// Of its folder in the cache.
    name: &'static str,
    /// What people are told that it is.
    what: &'static str,
    /// Digests of all jars, in the format of `sha256sum`.
    lock: &'static str,
    /// Group, artifact and version of each package; what these need comes with them.
    packages: &'static [(&'static str, &'static str, &'static str)],
}

/// Sets checked by this process, by name.
static CHECKED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

/// The jars of one version, present and checked.
#[derive(Clone, Debug)]
pub struct Jars {
    /// Which version these are.
    pub version: Version,
    folder: PathBuf,
}

impl Jars {
    /// Finds the jars in the cache, or fetches them, and compares every digest (once per process).
    ///
    /// # Errors
    /// When they cannot be fetched, or a digest is not the one of the checked-in list.
    pub fn get(version: Version) -> Result<Jars> {
        Ok(Jars { version, folder: version.set().get()? })
    }

    /// What Java's `-cp` takes: exactly the listed jars, whatever else lies in the folder.
    #[must_use]
    pub fn classpath(&self) -> String {
        self.version.set().classpath(&self.folder)
    }

    /// The same with Flink's serializers for Confluent's registry behind it.
    ///
    /// # Errors
    /// As of [`Jars::get`].
    pub fn classpath_with_registry(&self) -> Result<String> {
        Ok(format!("{}:{}", self.classpath(), REGISTRY.classpath(&REGISTRY.get()?)))
    }
}

impl Set {
    /// The folder in which all of them are, and are what they should be.
    fn get(self) -> Result<PathBuf> {
        let folder = cache::folder(self.name)?;
        let Ok(mut checked) = CHECKED.lock() else { bail!("another thread failed while it checked the jars") };
        if checked.contains(&self.name) {
            return Ok(folder);
        }
        let _lock = cache::lock(&folder)?;
        if !self.list().all(|(_, name)| folder.join(name).is_file()) {
            self.fetch(&folder)?;
        }
        check(&folder, self.list())?;
        checked.push(self.name);
        Ok(folder)
    }

    fn classpath(self, folder: &Path) -> String {
        let paths: Vec<String> = self.list().map(|(_, name)| folder.join(name).display().to_string()).collect();
        paths.join(":")
    }

    /// Pairs of digest and file name.
    fn list(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.lock.lines().filter_map(|line| line.split_once("  "))
    }

    fn fetch(self, folder: &Path) -> Result<()> {
        let what = self.what;
        host::java()?;
        let maven = host::need("mvn", &["maven", "openjdk-17-jre-headless"])?;
        let total = self.list().count();
        note(&format!("fetching {what} through Maven: {total} jars, tens of MB, kept in {}", folder.display()));
        let project = crate::scratch::Scratch::new("maven")?;
        fs::write(project.path().join("pom.xml"), pom(self.packages)).context("cannot write the Maven project")?;
        let log = project.path().join("log");
        let mut command = Command::new(maven);
        command
            .args(["-B", "-ntp", "dependency:copy-dependencies"])
            .arg(format!("-DoutputDirectory={}", folder.display()))
            .current_dir(project.path())
            .stdin(Stdio::null());
        let mut process = Process::start("mvn", &mut command, &log)?;
        let mut said = 0;
        process.wait_for("the jars", Duration::from_secs(1200), |process| {
            let present = self.list().filter(|(_, name)| folder.join(name).is_file()).count();
            if present >= said + 20 {
                said = present;
                note(&format!("  {present} of {total} jars"));
            }
            match process.ended()? {
                Some(status) if status.success() => Ok(true),
                Some(_) => bail!("Maven could not fetch {what}:\n{}", tail(&process.log(), 20)),
                None => Ok(false),
            }
        })
    }
}

/// Compares every file of the list.
fn check<'a>(folder: &Path, list: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
    for (digest, name) in list {
        let path = folder.join(name);
        let found = cache::sha256(&path)?;
        if found != digest {
            bail!(
                "{} has SHA-256 {found}, not {digest} of the checked-in list: it is not the file that was reviewed; delete it \
                 and run again, and if it comes back like this, find out why before you use it",
                path.display()
            );
        }
    }
    Ok(())
}

/// A project whose dependencies are these packages.
fn pom(packages: &[(&str, &str, &str)]) -> String {
    let dependency = |(group, artifact, version): &(&str, &str, &str)| {
        // Kafka 3.9 brings a second logger, which makes the first one fall silent.
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version><exclusions>\
             <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId></exclusion></exclusions></dependency>\n"
        )
    };
    let dependencies: String = packages.iter().map(dependency).collect();
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\n\
         <groupId>tidegate</groupId><artifactId>jars</artifactId><version>1</version><dependencies>\n{dependencies}\
         </dependencies></project>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_jar_is_named() {
        let scratch = crate::scratch::Scratch::new("jars").unwrap();
        fs::write(scratch.path().join("a.jar"), "abc").unwrap();
        let right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        check(scratch.path(), [(right, "a.jar")].into_iter()).unwrap();
        fs::write(scratch.path().join("a.jar"), "abd").unwrap();
        let error = check(scratch.path(), [(right, "a.jar")].into_iter()).unwrap_err().to_string();
        assert!(error.contains("a.jar") && error.contains(right), "{error}");
    }

    #[test]
    fn the_lists_name_broker_and_tools() {
        for version in Version::ALL {
            let names: Vec<&str> = version.set().list().map(|pair| pair.1).collect();
            let number = version.number();
            for part in ["kafka_2.13", "kafka-tools", "kafka-clients"] {
                assert!(names.contains(&format!("{part}-{number}.jar").as_str()), "{part} {number}");
            }
        }
    }
}
