"""For tests with a real Cacti: Debian's, with a MariaDB of its own, in a throwaway root (tests/rig/cacti).

Everything runs in the name spaces of the test, which have a loopback interface and nothing else. Cacti's clock is the
database's: `clock` sets it, so that hours of polls need seconds.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import html
import pathlib
import re
import shutil
import subprocess
import time

from snmp_rig import TOP, start, until

TEMPLATES = TOP / "cacti-templates"
STEP = 300
PASSWORD = "test"
CLI = "/usr/share/cacti/cli"
QUERIES = "usr/share/cacti/resource/snmp_queries"

# What Cacti's installer would have asked for, and nothing that looks for devices by itself.
SETTINGS = {"path_rrdtool": "/usr/bin/rrdtool", "path_php_binary": "/usr/bin/php", "rrdtool_version": "1.7.2",
            "path_cactilog": "/var/log/cacti/cacti.log", "poller_type": "1", "poller_interval": "300",
            "cron_interval": "300", "path_snmpget": "/usr/bin/snmpget", "path_snmpwalk": "/usr/bin/snmpwalk",
            "path_snmpbulkwalk": "/usr/bin/snmpbulkwalk", "path_spine": "/usr/local/bin/spine", "log_verbosity": "2",
            "availability_method": "2", "extended_paths": ""}


class Cacti:
    def __init__(self, root, directory):
        self.root, self.directory = root, directory
        self.log = root / "var/log/cacti/cacti.log"
        self.now = int(time.time()) // STEP * STEP
        (root / "dev/shm").chmod(0o1777)  # faketime has a semaphore there
        self.start_database()
        self.reset()

    # ---- the machine

    def run(self, *words, check=True, environment=None, **how):
        done = subprocess.run(["chroot", str(self.root), *map(str, words)], capture_output=True, text=True, check=False,
                              timeout=180, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "TZ": "UTC",
                                                **(environment or {})}, **how)
        if check and done.returncode != 0:
            raise RuntimeError(f"{words}: status {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout + (done.stderr if check else "")

    def start_database(self):
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost monitor\n")
        self.run("mariadb-install-db", "--no-defaults", "--user=mysql", "--datadir=/var/lib/mysql-test",
                 "--skip-test-db", "--auth-root-authentication-method=normal")
        (self.root / "run/mysqld").mkdir(parents=True, exist_ok=True)
        self.run("chown", "mysql", "/run/mysqld")
        output = self.directory / "mariadbd.out"
        self.database = start(
            ["chroot", self.root, "mariadbd", "--no-defaults", "--user=mysql", "--datadir=/var/lib/mysql-test",
             "--socket=/run/mysqld/mysqld.sock", "--pid-file=/run/mysqld/mysqld.pid", "--bind-address=127.0.0.1",
             "--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci", "--skip-innodb-doublewrite",
             "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=128M", "--default-time-zone=+00:00"],
            output, user=0)
        if not until(lambda: "ready for connections" in output.read_text(errors="replace"), 90):
            raise RuntimeError(f"mariadbd is not ready:\n{output.read_text(errors='replace')}")

    def reset(self):
        """As after Cacti's installation."""
        self.run("mariadb", "--no-defaults", input="SET GLOBAL init_connect='';"
                 "DROP DATABASE IF EXISTS cacti; CREATE DATABASE cacti CHARACTER SET utf8mb4;"
                 f"GRANT ALL ON cacti.* TO 'cacti'@'localhost' IDENTIFIED BY '{PASSWORD}';"
                 "GRANT SELECT ON mysql.time_zone_name TO 'cacti'@'localhost';")
        schema = (self.root / "usr/share/cacti/conf_templates/cacti.sql").read_text()
        self.run("mariadb", "--no-defaults", "cacti", input=schema)
        for file in (self.root / "var/lib/cacti/rra").iterdir():
            file.unlink()
        self.log.write_text("")
        self.configure()

    def configure(self):
        version = (self.root / "usr/share/cacti/site/include/cacti_version").read_text().strip()
        values = {"database_default": "cacti", "database_hostname": "localhost", "database_username": "cacti",
                  "database_password": PASSWORD, "database_port": "3306"}
        php = self.root / "etc/cacti/debian.php"
        text = php.read_text()
        for name, value in values.items():
            text, found = re.subn(rf"^\${name}\s*=.*;", f"${name} = '{value}';", text, count=1, flags=re.M)
            if not found:
                raise RuntimeError(f"Debian's debian.php has changed: no ${name}")
        php.write_text(text)
        spine = self.root / "etc/cacti/spine.conf"
        spine.write_text(f"DB_Host localhost\nDB_Database cacti\nDB_User cacti\nDB_Pass {PASSWORD}\nDB_Port 3306\n")
        # Without the file capability (raw sockets for ping): the loader would ignore faketime's library.
        shutil.copyfile(self.root / "usr/sbin/spine", self.root / "usr/local/bin/spine")
        (self.root / "usr/local/bin/spine").chmod(0o755)
        self.sql(f"UPDATE version SET cacti='{version}';"
                 "UPDATE automation_networks SET enabled='';"
                 "UPDATE poller SET hostname='monitor', dbhost='localhost' WHERE id=1;")
        rows = ", ".join(f"('{name}', '{value}')" for name, value in SETTINGS.items())
        self.sql(f"REPLACE INTO settings (name, value) VALUES {rows}")
        self.clock(self.now)
        self.version = version

    def install_queries(self):
        """As README.md tells: each file to its place."""
        for file in (TEMPLATES / "resource/snmp_queries").iterdir():
            shutil.copy(file, self.root / QUERIES)

    # ---- the database

    def sql(self, text):
        """Rows of strings."""
        out = self.run("mariadb", "--no-defaults", "--batch", "--skip-column-names", "cacti", input=text)
        return [line.split("\t") for line in out.splitlines()]

    def value(self, text):
        rows = self.sql(text)
        return rows[0][0] if rows else None

    def dump(self, *tables):
        """Name -> its rows, as SQL would write them anew."""
        found = {table: [] for table in tables}
        out = self.run("mariadb-dump", "--no-defaults", "--compact", "--no-create-info", "--skip-extended-insert",
                       "--order-by-primary", "cacti", *tables)
        for line in out.splitlines():
            parts = re.match(r"INSERT INTO `(\w+)` VALUES ", line)
            if parts:
                found[parts[1]].append(line)
        return found

    def tables(self):
        return [row[0] for row in self.sql("SHOW TABLES")]

    def clock(self, now):
        """What time it is for Cacti from here on; root's own connections are exempt."""
        self.now = now
        self.run("mariadb", "--no-defaults", input=f"SET GLOBAL init_connect='SET @@session.timestamp={now}'")

    # ---- Cacti's commands

    def cli(self, name, *options):
        return self.run("runuser", "-u", "www-data", "--", "php", "-q", f"{CLI}/{name}.php", *options)

    def logged(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def import_file(self, path):
        """Lines of what it says of each object."""
        inside = self.root / "tmp" / pathlib.Path(path).name
        shutil.copy(path, inside)
        return self.cli("import_template", f"--filename=/tmp/{inside.name}").splitlines()

    def add_device(self, name, port, template):
        return self.cli("add_device", f"--description={name}", "--ip=127.0.0.1", f"--template={template}",
                        "--version=2",
                        "--community=public", f"--port={port}", "--avail=snmp", "--timeout=10000")

    def add_rows(self, names=None, device=1):
        """Graphs of data queries, all or those with these names, for each row that was found: what "Create Graphs for
        this Device" does."""
        for query, field in self.sql(f"SELECT snmp_query_id, sort_field FROM host_snmp_query WHERE host_id={device}"):
            rows = [row[0] for row in self.sql(
                "SELECT field_value FROM host_snmp_cache"
                f" WHERE host_id={device} AND snmp_query_id={query} AND field_name='{field}' ORDER BY field_value")]
            for graph, template, name in self.sql("SELECT id, graph_template_id, name FROM snmp_query_graph"
                                                  f" WHERE snmp_query_id={query} ORDER BY id"):
                for row in rows if names is None or name in names else ():
                    self.cli("add_graphs", "--graph-type=ds", f"--graph-template-id={template}", f"--host-id={device}",
                             f"--snmp-query-id={query}", f"--snmp-query-type-id={graph}", f"--snmp-field={field}",
                             f"--snmp-value={row}")

    @staticmethod
    def stamp(now):
        """For faketime."""
        return time.strftime("@%Y-%m-%d %H:%M:%S", time.gmtime(now))

    def poll(self, now, spine=False):
        """One round of the poller at that time."""
        self.clock(now)
        self.sql(f"REPLACE INTO settings (name, value) VALUES ('poller_type', '{2 if spine else 1}')")
        return self.run("runuser", "-u", "www-data", "--", "faketime", "-m", "-f", self.stamp(now), "php", "-q",
                        "/usr/share/cacti/site/poller.php", "--force")

    # ---- graphs

    def php(self, *words, now=None):
        """tests/rig/cacti/render.php, at that time or at the real one."""
        script = self.root / "tmp/render.php"
        shutil.copy(TOP / "tests/rig/cacti/render.php", script)
        clock = ("faketime", "-f", self.stamp(now)) if now else ()
        return self.run("runuser", "-u", "www-data", "--", *clock, "php", "-q", "/tmp/render.php", *words)

    def draw(self, files, begin, end):
        """Pictures: graph id -> name of the file; the directory that they are in then."""
        work = self.root / "tmp/pictures"
        work.mkdir(exist_ok=True)
        work.chmod(0o777)
        (self.root / "tmp/list").write_text("".join(f"{i}\t/tmp/pictures/{file}.png\n" for i, file in files.items()))
        self.php("draw", begin, end, "/tmp/list")
        return work

    def legend_total(self, graph, begin, end):
        """What stands behind "Total:" in the legend of a graph's items, which Cacti or RRDtool has added up."""
        source = html.unescape(re.sub(r"<[^>]*>", "", self.php("source", begin, end, graph).partition("</PRE>")[0]))
        found = re.findall(r"COMMENT:'?Total\\?: *([0-9.,]+)", source)
        if found:
            return [float(number.replace(",", "")) for number in found]
        source = re.sub(r"graph +-", "graph /dev/null", source).replace("GPRINT:vdef", "PRINT:vdef")
        return [float(number) for number in re.findall(r"Total: *([0-9.]+)", self.run("sh", "-c", source))]

    # ---- RRDs

    def rrdtool(self, commands):
        """What it says to each; of one that fails, the line that begins with ERROR."""
        said, answer = [], []
        for line in self.run("rrdtool", "-", input="".join(f"{command}\n" for command in commands)).splitlines():
            if line.startswith(("OK ", "ERROR")):
                said.append("\n".join([*answer, *([line] if line.startswith("ERROR") else [])]))
                answer = []
            else:
                answer.append(line)
        return said

    def rrd_of(self, local_data_id):
        path = self.value(f"SELECT data_source_path FROM data_template_data WHERE local_data_id={local_data_id}")
        return path.replace("<path_rra>", "/var/lib/cacti/rra")


def rates(fetched):
    """Of what `rrdtool fetch` says: data source -> end of a step -> value; None where it is unknown."""
    lines = fetched.splitlines()
    found = {name: {} for name in lines[0].split()}
    for line in lines[1:]:
        stamp, colon, values = line.partition(":")
        for name, value in zip(found, values.split()) if colon else ():
            found[name][int(stamp)] = None if "nan" in value else float(value)
    return found


def expected(updates, end):
    """The rate of the step that ends then, when a counter had these values: (time, value) in order; None is a gap."""
    known, amount = 0, 0
    for (begun, before), (now, after) in zip(updates, updates[1:]):
        seconds = min(now, end) - max(begun, end - STEP)
        if seconds > 0 and before is not None and after is not None and after >= before:
            known += seconds
            amount += (after - before) * seconds / (now - begun)
    return amount / known if known else None
