package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Runs a program in a Java of its own: for tests of what could take the process with it. */
public final class ChildJava {

    /** A program that ends soon is done before the second compiler and the parallel collector have paid for themselves. */
    private static final List<String> SHORT = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    /** For a program that is to be compiled as it is in earnest: one that looks for races, or measures. */
    public static final List<String> OPTIMIZED = List.of("-XX:TieredStopAtLevel=4");

    private ChildJava() {}

    /**
     * How a program ended.
     *
     * @param exit its exit status; 134 and 139 are crashes
     * @param output what it printed, errors included
     */
    public record Result(int exit, String output) {}

    /** Runs the main method of a class; a program that takes too long fails the test. */
    public static Result run(Duration limit, List<String> options, Class<?> main, String... arguments)
            throws InterruptedException, IOException {
        return run(limit, Map.of(), options, main, arguments);
    }

    /** The same with environment variables besides those of this process. */
    public static Result run(
            Duration limit, Map<String, String> environment, List<String> options, Class<?> main, String... arguments)
            throws InterruptedException, IOException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:-CreateCoredumpOnCrash");
        command.add("-XX:ErrorFile=/dev/null");
        command.addAll(SHORT);
        command.addAll(options);
        command.addAll(List.of("-cp", classPath, main.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .putIfAbsent("TF_ENABLE_ONEDNN_OPTS", "0"); // With it on, an allocation that fails takes 10 s.
        builder.environment().putAll(environment);
        Process process = builder.start();
        CompletableFuture<String> output = CompletableFuture.supplyAsync(() -> all(process));
        boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        process.destroyForcibly();
        assertTrue(ended, () -> main.getName() + " " + List.of(arguments) + " hangs: " + output.join());
        return new Result(process.exitValue(), output.join());
    }

    /** Runs a program that is to succeed, and returns what it printed. */
    public static String succeed(Duration limit, List<String> options, Class<?> main, String... arguments)
            throws InterruptedException, IOException {
        return succeed(limit, Map.of(), options, main, arguments);
    }

    /** The same with environment variables besides those of this process. */
    public static String succeed(
            Duration limit, Map<String, String> environment, List<String> options, Class<?> main, String... arguments)
            throws InterruptedException, IOException {
        Result result = run(limit, environment, options, main, arguments);
        assertEquals(0, result.exit(), result::output);
        return result.output();
    }

    /** Runs a program that is to say something before it ends, as it tells by that how far it has come. */
    public static void requireSaid(
            String said, Duration limit, List<String> options, Class<?> main, String... arguments)
            throws InterruptedException, IOException {
        String output = succeed(limit, options, main, arguments);
        assertTrue(output.contains(said), output);
    }

    /** Ends the program that this is called in, from whatever thread: what failed is the last that it says, and its status 3. */
    public static void fail(Throwable failure) {
        failure.printStackTrace();
        Runtime.getRuntime().halt(3);
    }

    private static String all(Process process) {
        try {
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
