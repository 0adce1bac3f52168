"""What was measured, as tables."""

from functools import partial

from contest import measured, typical


def spread(values):
    return f"{min(values):.2f}–{max(values):.2f}"


def line(*cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def headed(title, *names):
    print(f"\n{title}")
    line(*names)
    line("---", *["---:"] * (len(names) - 1))


def row(name, runs, ours):
    """One contestant; its ratios are of the medians, and from the worst pair to the best."""
    its, reference = typical(runs), typical(ours)
    pairs = spread([theirs.wall / own.wall for own, theirs in zip(ours, runs, strict=True)])
    line(
        name,
        f"{its.wall:.2f}",
        spread([run.wall for run in runs]),
        f"{its.wall / reference.wall:.2f}",
        pairs,
        f"{its.cpu:.2f}",
        f"{its.cpu / reference.cpu:.2f}",
        f"{its.peak_mb:.0f}",
    )


def table(title):
    headed(title, "", "wall s", "min–max", "× egressmap", "pairs", "CPU s", "CPU × egressmap", "peak MB")


def beside(contest, container, pairs):
    table(f"{container}, {contest.asked.threads} threads")
    for peer, runs in pairs.items():
        ours = [own for own, _ in runs]
        row(f"egressmap, by turns with {peer}", ours, ours)
        row(peer, [theirs for _, theirs in runs], ours)


def floors(contest):
    """egressmap beside a program that only inflates the same objects."""
    if "gzip" not in contest.asked.containers:
        return
    table(f"gzip, inflating alone, {contest.asked.threads} threads")
    command = [contest.built.floor, "libdeflate", str(contest.asked.threads), contest.folder("gzip")]
    log = contest.built.work / "floor.log"
    pairs = [(contest.run("egressmap", "gzip"), measured(command, log)) for _ in contest.rounds()]
    ours, floor = [own for own, _ in pairs], [floor for _, floor in pairs]
    row("egressmap", ours, ours)
    row("libdeflate", floor, ours)
    print(f"egressmap takes {typical(ours).wall / typical(floor).wall:.2f} × the time of {log.read_text().strip()}")


def threads(contest):
    for container in contest.asked.containers:
        most = contest.asked.threads
        run = partial(contest.run, "egressmap", container)
        pairs = [(run(), run(threads=1)) for _ in contest.rounds()]
        many, one = [many for many, _ in pairs], [one for _, one in pairs]
        table(f"{container}, threads")
        row(f"{most} threads", many, many)
        row("1 thread", one, many)


def huge(contest, folder):
    table(f"one gzip object of {contest.asked.huge} bytes of text, {contest.asked.threads} threads")
    command = contest.command("egressmap", "gzip")
    command[2] = folder / "logs"
    contest.answer("egressmap").unlink(missing_ok=True)
    runs = [measured(command, contest.built.work / "huge.log")]
    row("egressmap", runs, runs)
