//! Keycloak's distribution: fetched through Maven, checked by digest, unpacked and built once; and a Java machine for it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use zip::ZipArchive;

use crate::process::{Process, tail};
use crate::scratch::Scratch;
use crate::{cache, host, note};

const VERSION: &str = "26.4.5";
/// The SHA-256 of the archive.
const DIGEST: &str = "72f73642a2c36de797d51b4b2b342d4a49f6e5832af10aa470cd123627bd80b3";
/// The oldest Java that Keycloak runs on.
const JAVA_LEAST: u32 = 21;
/// Debian's package of it, from Debian 13 on.
const JAVA_PACKAGE: &str = "openjdk-21-jre-headless";
/// 160 MB; a slow network gets its time.
const FETCH: Duration = Duration::from_secs(1200);
/// Building takes about 20 s.
const BUILD: Duration = Duration::from_secs(600);

/// The home of a Java machine that is new enough, the newest first; installed where Debian has it.
///
/// # Errors
/// When a Java machine cannot be asked, or the installation fails.
pub(super) fn jdk() -> Result<Option<PathBuf>> {
    if let Some(found) = installed() {
        return Ok(Some(found));
    }
    let known = host::find("apt-cache").is_some_and(|program| {
        let mut command = Command::new(program);
        command.args(["show", JAVA_PACKAGE]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    });
    if !known || !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    host::install(&[JAVA_PACKAGE])?;
    Ok(installed())
}

fn installed() -> Option<PathBuf> {
    let mut homes: Vec<PathBuf> = std::env::var_os("JAVA_HOME").map(PathBuf::from).into_iter().collect();
    // `java` in the path is a link into its home.
    let java = host::find("java").and_then(|path| path.canonicalize().ok());
    homes.extend(java.and_then(|path| Some(path.parent()?.parent()?.to_owned())));
    for folder in ["/usr/lib/jvm", "/opt"] {
        let entries = fs::read_dir(folder).ok().into_iter().flatten().flatten();
        homes.extend(entries.map(|entry| entry.path()).filter(|path| path.join("bin/java").is_file()));
    }
    let versions = homes.into_iter().filter_map(|home| Some((version(&home)?, home)));
    versions.filter(|(version, _)| *version >= JAVA_LEAST).max().map(|(_, home)| home)
}

/// The feature version of the Java machine in `home`.
fn version(home: &Path) -> Option<u32> {
    let output = Command::new(home.join("bin/java")).arg("-version").stdin(Stdio::null()).output().ok()?;
    feature(&String::from_utf8_lossy(&output.stderr))
}

/// The feature version in what `java -version` says, as 17 in `openjdk version "17.0.15" 2025-04-15`.
fn feature(said: &str) -> Option<u32> {
    let number = said.split('"').nth(1)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The unpacked and built distribution.
///
/// # Errors
/// When it cannot be fetched, is not the one that was reviewed, or cannot be built.
pub(super) fn get(jdk: &Path) -> Result<PathBuf> {
    let folder = cache::folder(&format!("keycloak-{VERSION}"))?;
    let home = folder.join(format!("keycloak-{VERSION}"));
    let _lock = cache::lock(&folder)?;
    let ready = folder.join("ready");
    if ready.is_file() {
        return Ok(home);
    }
    if home.exists() {
        fs::remove_dir_all(&home).with_context(|| format!("cannot delete {}", home.display()))?;
    }
    let scratch = Scratch::new("keycloak-zip")?;
    let archive = fetch(scratch.path())?;
    check(&archive)?;
    note("unpacking and building Keycloak, once");
    let file = File::open(&archive).context("cannot open the archive")?;
    ZipArchive::new(file).and_then(|mut zip| zip.extract(&folder)).context("cannot unpack Keycloak")?;
    // The in-memory database is fixed here; with it a start need not build again.
    let mut command = Command::new(home.join("bin/kc.sh"));
    command.args(["build", "--db=dev-mem"]).env("JAVA_HOME", jdk).env_remove("JAVA_OPTS");
    let mut process = Process::start("kc.sh build", &mut command, &folder.join("build.log"))?;
    if !process.wait(BUILD)?.success() {
        bail!("Keycloak could not be built:\n{}", tail(&process.log(), 20));
    }
    fs::write(&ready, "").context("cannot mark Keycloak as built")?;
    Ok(home)
}

fn fetch(folder: &Path) -> Result<PathBuf> {
    host::java()?;
    let maven = host::need("mvn", &["maven", "openjdk-17-jre-headless"])?;
    note(&format!("fetching Keycloak {VERSION} through Maven, 160 MB"));
    let pom = format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\n\
         <groupId>tidegate</groupId><artifactId>keycloak</artifactId><version>1</version><dependencies>\n\
         <dependency><groupId>org.keycloak</groupId><artifactId>keycloak-quarkus-dist</artifactId>\
         <version>{VERSION}</version><type>zip</type><exclusions><exclusion><groupId>*</groupId>\
         <artifactId>*</artifactId></exclusion></exclusions></dependency>\n</dependencies></project>\n"
    );
    fs::write(folder.join("pom.xml"), pom).context("cannot write the Maven project")?;
    let mut command = Command::new(maven);
    command
        .args(["-B", "-ntp", "dependency:copy-dependencies"])
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .current_dir(folder);
    let mut process = Process::start("mvn", &mut command, &folder.join("log"))?;
    if !process.wait(FETCH)?.success() {
        bail!("Maven could not fetch Keycloak {VERSION}:\n{}", tail(&process.log(), 20));
    }
    Ok(folder.join(format!("keycloak-quarkus-dist-{VERSION}.zip")))
}

fn check(archive: &Path) -> Result<()> {
    let found = cache::sha256(archive)?;
    ensure!(
        found == DIGEST,
        "Keycloak's archive has SHA-256 {found}, not {DIGEST}: it is not the file that was reviewed; delete it from Maven's \
         repository and run again, and if it comes back like this, find out why before you use it"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_java_are_read() {
        assert_eq!(feature("openjdk version \"17.0.15\" 2025-04-15\n"), Some(17));
        assert_eq!(feature("openjdk version \"25\" 2025-09-16 LTS\n"), Some(25));
        assert_eq!(feature("java version \"1.8.0_402\"\n"), Some(1));
        assert_eq!(feature("openjdk version \"26-ea\"\n"), Some(26));
        assert_eq!(feature("no java"), None);
    }

    #[test]
    fn another_archive_is_refused() {
        let scratch = Scratch::new("archive").unwrap();
        let path = scratch.path().join("a.zip");
        fs::write(&path, "abc").unwrap();
        assert!(check(&path).unwrap_err().to_string().contains(DIGEST));
    }
}
