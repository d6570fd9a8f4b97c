#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Gets the servers that Debian has not, into build/servers (or $AIAUDIT_TEST_SERVERS): FerretDB by go, which takes minutes,
mongo-java-server by mvn, pymongo and chdb-core by pip. Where one of these tools is missing it says so and goes on."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HOME = Path(os.environ.get("AIAUDIT_TEST_SERVERS", Path(__file__).resolve().parents[2] / "build/servers"))
FERRET = HOME / "ferretdb"
JARS = HOME / "mongo-java-server"
PYTHON = HOME / "pymongo"
CHDB = HOME / "chdb"
HINT = "python3 tests/sinks/install.py gets it"

FERRET_MODULE = "github.com/FerretDB/FerretDB@v1.24.2"
JAVA_SERVER = ("de.bwaldvogel", "mongo-java-server", "1.47.0")
PACKAGES = {PYTHON: "pymongo==4.8.0", CHDB: "chdb-core==26.9.0"}
MAIN = """import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;

public class Main {
    public static void main(String[] words) throws Exception {
        new MongoServer(new MemoryBackend()).bind("127.0.0.1", Integer.parseInt(words[0]));
        Thread.sleep(Long.MAX_VALUE);
    }
}
"""


def install_ferret() -> None:
    told = subprocess.run(["go", "mod", "download", "-json", FERRET_MODULE], check=True, cwd=HOME, stdout=subprocess.PIPE).stdout
    source = HOME / "ferretdb-source"
    shutil.copytree(json.loads(told)["Dir"], source, dirs_exist_ok=True, copy_function=shutil.copyfile)
    for folder in (source, *(each for each in source.rglob("*") if each.is_dir())):
        folder.chmod(0o755)
    (source / "build/version/version.txt").write_text("v1.24.2")  # the module lacks it
    subprocess.run(["go", "build", "-o", str(FERRET), "./cmd/ferretdb"], check=True, cwd=source)
    shutil.rmtree(source)


def install_java_server() -> None:
    JARS.mkdir(exist_ok=True)
    group, name, version = JAVA_SERVER
    (JARS / "pom.xml").write_text(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion><groupId>aiaudit</groupId>"
        "<artifactId>test-server</artifactId><version>1</version><dependencies><dependency>"
        f"<groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency></dependencies></project>")
    subprocess.run(["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={JARS}"], check=True, cwd=JARS)
    (JARS / "Main.java").write_text(MAIN)


def main() -> int:
    HOME.mkdir(parents=True, exist_ok=True)
    status = 0
    for place, package in PACKAGES.items():
        if not place.exists():
            run = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", str(place), package], check=False)
            if run.returncode != 0:
                shutil.rmtree(place, ignore_errors=True)
                print(f"{package} cannot be had")
                status = 1
    for there, tool, install in ((FERRET, "go", install_ferret), (JARS / "Main.java", "mvn", install_java_server)):
        if there.exists():
            continue
        if not shutil.which(tool):
            print(f"no {tool}, so no {there.name if there == FERRET else JARS.name}")
            status = 1
            continue
        try:
            install()
        except subprocess.CalledProcessError as reason:
            print(f"{tool} failed: {reason}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
