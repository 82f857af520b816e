"""A whole Slurm of one node, started and ended by a test: no systemd, no cgroups, nothing outside its own folder, any user.

    with OneNodeSlurm() as slurm:
        job = slurm.submit(["--ntasks=2", "script.sh"])
        slurm.wait(job, 60)

Needs Debian's slurmctld, slurmd, slurm-client and munge. What keeps it from starting is in the error, with the ends of the daemons' logs.
"""
import getpass
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

STARTED_WITHIN, DAEMONS_LIVE = 20, 1500  # seconds; the second ends daemons whose test was killed
CONFIG = """ClusterName=t
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge.sock,cred_expire=10
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
SlurmdParameters=config_overrides
FirstJobId={first_job}
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus}
PartitionName=p Nodes={host} Default=YES
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("", 0))
        return listener.getsockname()[1]


class OneNodeSlurm:
    def __init__(self, cpus: int = 16):
        self.cpus, self.daemons, self.folder = cpus, [], None

    def __enter__(self) -> "OneNodeSlurm":
        missing = [tool for tool in ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol") if not find(tool)]
        if missing:
            raise RuntimeError(f"Slurm cannot start here: no {', '.join(missing)} (Debian: slurmctld slurmd slurm-client munge)")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gs.", dir="/tmp"))  # short: paths of sockets end at 108 characters
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        folder, host = self.folder, socket.gethostname().split(".")[0]
        for name in ("state", "spool", "tmp"):
            (folder / name).mkdir()
        (folder / "key").write_bytes(os.urandom(128))
        (folder / "key").chmod(0o600)
        # two instances on one machine meet in /tmp and /dev/shm unless these differ
        (folder / "mpi.conf").write_text(f"PMIxCliTmpDirBase={folder}/tmp\n")
        (folder / "slurm.conf").write_text(CONFIG.format(host=host, user=getpass.getuser(), folder=folder, cpus=self.cpus, controller_port=free_port(),
                                                         node_port=free_port(), first_job=1 + 100 * (int.from_bytes(os.urandom(2), "big") // 2)))
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SBATCH", "GORACS_SWEEP"))}
        self.environment["SLURM_CONF"] = str(folder / "slurm.conf")
        self.daemon("munged", "-F", "--force", f"--key-file={folder}/key", f"--socket={folder}/munge.sock", f"--pid-file={folder}/munge.pid",
                    f"--log-file={folder}/munged.log", f"--seed-file={folder}/seed")
        self.until(lambda: (folder / "munge.sock").exists(), "munged opens no socket")
        self.daemon("slurmctld", "-D")
        self.daemon("slurmd", "-D")
        self.until(lambda: self.call("sinfo", "-h", "-o", "%T", check=False).strip() == "idle", "the node does not become idle")

    def daemon(self, name: str, *arguments: str) -> None:
        with open(self.folder / f"{name}.out", "w") as out:
            self.daemons.append(subprocess.Popen(["timeout", str(DAEMONS_LIVE), find(name), *arguments], env=self.environment, stdin=subprocess.DEVNULL,
                                                 stdout=out, stderr=subprocess.STDOUT, start_new_session=True))

    def until(self, ready, complaint: str) -> None:
        end = time.monotonic() + STARTED_WITHIN
        while not ready():
            if time.monotonic() > end:
                raise RuntimeError(f"Slurm cannot start here: {complaint} within {STARTED_WITHIN} s\n{self.logs()}")
            time.sleep(0.05)

    def logs(self) -> str:
        files = sorted(self.folder.glob("*.log")) + sorted(self.folder.glob("*.out"))
        return "\n".join(f"--- {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-12:]) for file in files)

    def stop(self) -> None:
        if self.daemons:
            self.call("scancel", "-Q", "-u", getpass.getuser(), check=False)
            end = time.monotonic() + 15
            while time.monotonic() < end and self.call("squeue", "-h", check=False).strip():
                time.sleep(0.1)
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in reversed(self.daemons):
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- commands -----------------------------------------------------------------------------------------------------------

    def call(self, *command: str, check: bool = True, cwd: str | None = None, environment: dict[str, str] | None = None) -> str:
        done = subprocess.run(command, env=self.environment | (environment or {}), capture_output=True, text=True, timeout=30, cwd=cwd)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def submit(self, arguments: list[str], cwd: str | None = None, environment: dict[str, str] | None = None) -> str:
        return self.call("sbatch", "--parsable", *arguments, cwd=cwd, environment=environment).strip().split(";")[0]

    def state(self, job: str) -> dict[str, str]:
        """scontrol's fields of a job or of one task of an array."""
        text = self.call("scontrol", "show", "job", "-o", job, check=False)
        return dict(field.partition("=")[::2] for field in text.split() if "=" in field)

    def queued(self, job: str) -> bool:
        return bool(self.call("squeue", "-h", "-j", job, check=False).strip())

    def wait(self, job: str, seconds: float) -> None:
        """Until the job (all of an array) has left the queue for good. A requeued one starts at once instead of after cred_expire."""
        end, moved = time.monotonic() + seconds, set()
        while self.queued(job):
            if time.monotonic() > end:
                raise TimeoutError(f"job {job} is still queued after {seconds} s:\n{self.call('squeue')}{self.logs()}")
            self.hasten(job, moved)
            time.sleep(0.1)

    def hasten(self, job: str, moved: set) -> None:
        for line in self.call("squeue", "-h", "-r", "-j", job, "-o", "%i %T %r %S", check=False).splitlines():
            name, state, reason, start = line.split()[:4]
            if state == "PENDING" and reason == "BeginTime" and (name, start) not in moved:
                moved.add((name, start))
                # by the task's own id: the array's would move all
                self.call("scontrol", "update", f"jobid={name}", "StartTime=now+2", check=False)
                moved.update({(name, other.split()[-1]) for other in self.call("squeue", "-h", "-r", "-j", job, "-o", "%i %S", check=False).splitlines()})


def find(tool: str) -> str | None:
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/sbin:/usr/local/sbin")
