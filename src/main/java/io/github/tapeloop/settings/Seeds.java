package io.github.tapeloop.settings;

/**
 * Seeds derived from seeds. Every random op is stateless and gets a seed of its own from (seed of the run, step, op), so
 * that a run repeats bit for bit however it is executed.
 */
public final class Seeds {

    private Seeds() {}

    /**
     * Mixes the bits of a seed (the finalizer of SplitMix64, Steele et al. 2014).
     *
     * @param seed a seed
     * @return another seed; close ones give unrelated seeds
     */
    public static long mix(long seed) {
        long z = (seed ^ (seed >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /**
     * Mixes a number into a seed (SplitMix64, Steele et al. 2014).
     *
     * @param seed a seed
     * @param number what the new seed is for
     * @return another seed; close numbers give unrelated seeds
     */
    public static long mix(long seed, long number) {
        return mix(seed + 0x9e3779b97f4a7c15L * (number + 1));
    }

    /**
     * Mixes a name into a seed.
     *
     * @param seed a seed
     * @param name what the new seed is for, the path of a weight for example
     * @return another seed
     */
    public static long mix(long seed, String name) {
        long mixed = seed;
        for (int i = 0; i < name.length(); i++) {
            mixed = mix(mixed, name.charAt(i));
        }
        return mixed;
    }
}
