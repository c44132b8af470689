package io.github.tapeloop.data;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Fields made of the columns of a CSV file. For what is not here, a {@link Field} is made of any function of a {@link
 * CsvRow}.
 */
public final class CsvField {

    private CsvField() {}

    /**
     * Columns of numbers side by side. A missing value is an error that names its line and column.
     *
     * @param columns names of the columns
     * @return float32 [number of columns] per record
     * @throws IllegalArgumentException for no column
     */
    public static Field<CsvRow> numbers(String... columns) {
        List<ToDoubleFunction<CsvRow>> functions = new ArrayList<>();
        for (String column : columns) {
            functions.add(row -> row.float32(column));
        }
        return Field.<CsvRow>numbers(functions).ofColumns(columns);
    }

    /**
     * Columns of numbers side by side.
     *
     * @param missing what stands for a missing value
     * @param columns names of the columns
     * @return float32 [number of columns] per record
     * @throws IllegalArgumentException for no column
     */
    public static Field<CsvRow> numbersOr(double missing, String... columns) {
        List<ToDoubleFunction<CsvRow>> functions = new ArrayList<>();
        for (String column : columns) {
            functions.add(row -> row.isMissing(column) ? missing : row.float32(column));
        }
        return Field.<CsvRow>numbers(functions).ofColumns(columns);
    }

    /**
     * A column of integers. A missing value is an error that names its line and column.
     *
     * @param column its name
     * @return int32 [] per record
     */
    public static Field<CsvRow> integer(String column) {
        return Field.<CsvRow>integer(row -> row.integer(column)).ofColumns(column);
    }

    /**
     * A column of integers.
     *
     * @param missing what stands for a missing value
     * @param column its name
     * @return int32 [] per record
     */
    public static Field<CsvRow> integerOr(int missing, String column) {
        return Field.<CsvRow>integer(row -> row.isMissing(column) ? missing : row.integer(column))
                .ofColumns(column);
    }

    /**
     * A column of long integers. A missing value is an error that names its line and column.
     *
     * @param column its name
     * @return int64 [] per record
     */
    public static Field<CsvRow> longInteger(String column) {
        return Field.<CsvRow>longInteger(row -> row.longInteger(column)).ofColumns(column);
    }

    /**
     * A column of words, each of which stands for a class. Another word is an error that names its line and column.
     *
     * @param column its name
     * @param words the words: the first is class 0
     * @return int32 [] per record
     * @throws IllegalArgumentException for no word, or one word twice
     */
    public static Field<CsvRow> category(String column, String... words) {
        Map<String, Integer> classes = new HashMap<>();
        for (String word : words) {
            if (classes.put(word, classes.size()) != null) {
                throw new IllegalArgumentException("category \"" + column + "\" has the word \"" + word + "\" twice");
            }
        }
        if (classes.isEmpty()) {
            throw new IllegalArgumentException("category \"" + column + "\" needs one word at least");
        }
        List<String> known = List.of(words);
        Field<CsvRow> field = Field.integer(row -> {
            String word = row.present(column);
            Integer found = classes.get(word);
            if (found == null) {
                throw row.failure(
                        column,
                        "\"" + Texts.cut(word) + "\" is not one of " + Texts.cut(known)
                                + "; add it to them, or leave such rows out",
                        null);
            }
            return found;
        });
        return field.ofColumns(column);
    }
}
