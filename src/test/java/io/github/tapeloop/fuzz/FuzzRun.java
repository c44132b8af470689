package io.github.tapeloop.fuzz;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Random trials in a process of their own. When it dies, or stands still for too long, that is written down with what it
 * was doing, and another one goes on after that seed.
 *
 * @param kind what is tried
 * @param folder where journals and findings are kept
 * @param bound how long a trial may take
 */
record FuzzRun(TrialKind kind, Path folder, Duration bound) {

    private static final Pattern FATAL = Pattern.compile(
            "Check failed:[^\\n]*|terminate called[^\\n]*|Assertion[^\\n]*|malloc[^\\n]*|free\\(\\)[^\\n]*|corrupted[^\\n]*|double free[^\\n]*|what\\(\\):[^\\n]*|OutOfMemoryError[^\\n]*|LLVM ERROR[^\\n]*");

    /** How long it may take until the first trial begins, on a busy machine. */
    private static final Duration START = Duration.ofMinutes(5);

    private static final Pattern FRAME = Pattern.compile("^[CVJj]\\s+\\[?([^\\n]*)", Pattern.MULTILINE);

    /**
     * Runs trials.
     *
     * @return one line for each death and hang
     */
    List<String> run(long firstSeed, long trials) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        List<String> deaths = new ArrayList<>();
        long end = firstSeed + trials;
        long next = firstSeed;
        while (next < end) {
            Files.deleteIfExists(folder.resolve("under-way"));
            Path output = folder.resolve("output.txt");
            Process process = start(next, end, output);
            boolean hangs = !awaited(process);
            int exit = process.waitFor();
            if (exit == 0) {
                Files.writeString(
                        folder.resolve("outcomes.txt"),
                        lastLine(output),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
                break;
            }
            if (!Files.exists(folder.resolve("under-way"))) {
                throw new IOException("no trial began: " + text(output));
            }
            Journal.Page page = Journal.read(folder);
            String how = hangs ? "hang" : "death";
            String line = how + "\t" + page.seed() + "\t" + exit + "\t" + cause(output, process.pid()) + "\t"
                    + page.note().replaceAll("\\s+", " ");
            deaths.add(line);
            Files.writeString(
                    folder.resolve("deaths.txt"), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            next = Math.max(next, page.seed()) + 1;
        }
        return deaths;
    }

    private Process start(long from, long end, Path output) throws IOException {
        String classPath = Stream.of(
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                                .split(File.pathSeparator))
                .map(entry -> Path.of(entry).toAbsolutePath().toString()) // It works in another folder.
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx768m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorLogTimeout=10",
                "-XX:ErrorFile=" + folder.resolve("hs_err_%p.log"),
                "-Dfuzz.ops=" + System.getProperty("fuzz.ops", ".*"),
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"));
        command.addAll(kind.options());
        command.addAll(List.of(
                "-cp",
                classPath,
                TrialLoop.class.getName(),
                kind.name(),
                folder.toString(),
                Long.toString(from),
                Long.toString(end)));
        if (Files.isExecutable(Path.of("/usr/bin/prlimit"))) {
            command.addAll(0, List.of("/usr/bin/prlimit", "--as=" + kind.memory()));
        }
        Path home = Files.createDirectories(folder.resolve("home"));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(home.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putIfAbsent("TF_ENABLE_ONEDNN_OPTS", "0");
        builder.environment().put("TF_CPP_MIN_LOG_LEVEL", "3");
        builder.environment().put("MALLOC_PERTURB_", "90");
        return builder.start();
    }

    /** Waits until it ends; false, and it is ended, if it stands still. */
    private boolean awaited(Process process) throws IOException, InterruptedException {
        long seed = -1;
        long since = System.nanoTime();
        while (!process.waitFor(500, TimeUnit.MILLISECONDS)) {
            Path page = folder.resolve("under-way");
            long now = Files.exists(page) ? Journal.read(folder).seed() : -1;
            if (now != seed) {
                seed = now;
                since = System.nanoTime();
            } else if (System.nanoTime() - since > (seed < 0 ? START : bound).toNanos()) {
                process.destroyForcibly();
                return false;
            }
        }
        return true;
    }

    private static String lastLine(Path output) throws IOException {
        List<String> lines = List.of(text(output).split("\n"));
        return lines.get(lines.size() - 1) + "\n";
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    }

    /** What the process said of its end, and where it was. */
    private String cause(Path output, long pid) throws IOException {
        List<String> causes = new ArrayList<>();
        Matcher fatal = FATAL.matcher(text(output));
        while (fatal.find() && causes.size() < 2) {
            causes.add(fatal.group());
        }
        Path log = folder.resolve("hs_err_" + pid + ".log");
        if (Files.exists(log)) {
            String report = text(log);
            int frames = report.indexOf("Native frames:");
            Matcher frame = FRAME.matcher(frames < 0 ? "" : report.substring(frames));
            int count = 0;
            while (frame.find() && count < 5) {
                causes.add(frame.group(1).replaceAll("\\s+", " "));
                count++;
            }
            Files.delete(log);
        }
        return String.join(" | ", causes);
    }

    /** The kind, a folder, the first seed, how many trials, and how many seconds one may take. */
    public static void main(String[] arguments) throws Exception {
        FuzzRun run = new FuzzRun(
                TrialKind.valueOf(arguments[0]),
                Path.of(arguments[1]).toAbsolutePath(),
                Duration.ofSeconds(Long.parseLong(arguments[4])));
        List<String> deaths = run.run(Long.parseLong(arguments[2]), Long.parseLong(arguments[3]));
        System.out.println(deaths.size() + " deaths and hangs");
        try (Stream<String> lines = Files.exists(run.folder().resolve("findings.txt"))
                ? Files.lines(run.folder().resolve("findings.txt"), StandardCharsets.UTF_8)
                : Stream.empty()) {
            System.out.println(lines.count() + " findings");
        }
    }
}
