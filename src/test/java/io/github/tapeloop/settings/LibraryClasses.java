package io.github.tapeloop.settings;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The classes of the library itself, without tests and examples, looked up once for all tests of a process. */
public final class LibraryClasses {

    private static final Path FOLDER = folder();
    private static final List<Class<?>> TYPES = load();
    private static final Set<String> EXPORTS = exports();

    /** Reading the code takes a second or more: only for those who ask. */
    private static final class Code {
        static final JavaClasses CLASSES = new ClassFileImporter().importPath(FOLDER);
    }

    private LibraryClasses() {}

    /** All classes by name, nested ones and those that are not public, too. */
    public static Stream<Class<?>> types() {
        return TYPES.stream();
    }

    /** The public types of the packages that the module exports, nested ones, too. */
    public static Stream<Class<?>> exported() {
        return types().filter(LibraryClasses::isExported);
    }

    private static boolean isExported(Class<?> type) {
        boolean visible = EXPORTS.contains(type.getPackageName());
        for (Class<?> each = type; each != null; each = each.getEnclosingClass()) {
            visible &= Modifier.isPublic(each.getModifiers());
        }
        return visible;
    }

    /** The same with their code: what calls and depends on what. */
    public static JavaClasses code() {
        return Code.CLASSES;
    }

    private static Path folder() {
        try {
            return Path.of(Settings.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static Set<String> exports() {
        try (InputStream bytes = Files.newInputStream(FOLDER.resolve("module-info.class"))) {
            return ModuleDescriptor.read(bytes).exports().stream()
                    .map(ModuleDescriptor.Exports::source)
                    .collect(Collectors.toSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Class<?>> load() {
        try (Stream<Path> files = Files.walk(FOLDER)) {
            return files.map(file -> FOLDER.relativize(file).toString())
                    .filter(file -> file.endsWith(".class") && !file.endsWith("-info.class"))
                    .map(file -> file.substring(0, file.length() - ".class".length())
                            .replace(FOLDER.getFileSystem().getSeparator(), "."))
                    .sorted()
                    .<Class<?>>map(LibraryClasses::load)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name, false, LibraryClasses.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }
}
