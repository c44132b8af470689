package io.github.tapeloop.bridge;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.bytedeco.javacpp.Pointer;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.EagerSession;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.RawTensor;
import org.tensorflow.internal.c_api.TFE_Context;
import org.tensorflow.internal.c_api.TFE_Op;
import org.tensorflow.internal.c_api.TFE_TensorHandle;
import org.tensorflow.internal.c_api.TF_Function;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.types.family.TType;

/**
 * The one class that reaches into TensorFlow Java. Its eager operations hand their native handles to a weak scope that
 * only the garbage collector empties, and offer no public way to make an {@link Output} over a handle of one's own;
 * seven package-private members close that gap. They are looked up once, with a message that says what to do when the
 * module system refuses.
 */
public final class TensorFlowInternals {

    private static final MethodHandle CONTEXT;
    private static final MethodHandle NEW_OPERATION;
    private static final MethodHandle OUTPUT_HANDLE;
    private static final MethodHandle TENSOR_HANDLE;
    private static final MethodHandle NEW_TENSOR;
    private static final MethodHandle TYPED_TENSOR;
    private static final MethodHandle FUNCTION_HANDLE;
    /** Why the members cannot be reached, or null: kept for {@link #requireAccess}, since a class must not fail to load. */
    private static final IllegalStateException REFUSED;

    static {
        MethodHandle[] found = new MethodHandle[7];
        IllegalStateException refused = null;
        try {
            MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(EagerSession.class, MethodHandles.lookup());
            Class<?> operation = lookup.findClass("org.tensorflow.EagerOperation");
            found[0] = lookup.findVirtual(EagerSession.class, "nativeHandle", MethodType.methodType(TFE_Context.class));
            found[1] = lookup.findConstructor(
                            operation,
                            MethodType.methodType(
                                    void.class,
                                    EagerSession.class,
                                    TFE_Op.class,
                                    TFE_TensorHandle[].class,
                                    String.class,
                                    String.class))
                    .asType(MethodType.methodType(
                            Operation.class,
                            EagerSession.class,
                            TFE_Op.class,
                            TFE_TensorHandle[].class,
                            String.class,
                            String.class));
            found[2] = lookup.findVirtual(Output.class, "getUnsafeNativeHandle", MethodType.methodType(Pointer.class));
            found[3] = lookup.findVirtual(RawTensor.class, "nativeHandle", MethodType.methodType(TF_Tensor.class));
            found[4] = lookup.findStatic(
                    RawTensor.class, "fromHandle", MethodType.methodType(RawTensor.class, TF_Tensor.class));
            found[5] = lookup.findVirtual(RawTensor.class, "asTypedTensor", MethodType.methodType(TType.class));
            found[6] = lookup.findVirtual(
                    ConcreteFunction.class, "nativeHandle", MethodType.methodType(TF_Function.class));
        } catch (IllegalAccessException e) {
            refused = new IllegalStateException(
                    "Tapeloop needs access to package org.tensorflow of module tensorflow, which is closed. Start Java"
                            + " with --add-opens tensorflow/org.tensorflow=" + moduleName(),
                    e);
        } catch (ReflectiveOperationException e) {
            refused = new IllegalStateException(
                    "Tapeloop works with TensorFlow Java 1.1.0, and the one on the class path lacks a member it needs: "
                            + e.getMessage() + ". Use org.tensorflow:tensorflow-core-platform:1.1.0",
                    e);
        }
        CONTEXT = found[0];
        NEW_OPERATION = found[1];
        OUTPUT_HANDLE = found[2];
        TENSOR_HANDLE = found[3];
        NEW_TENSOR = found[4];
        TYPED_TENSOR = found[5];
        FUNCTION_HANDLE = found[6];
        REFUSED = refused;
    }

    private TensorFlowInternals() {}

    /** Asked before the first session opens, so that what to do is said there and not in the middle of a step. */
    public static void requireAccess() {
        if (REFUSED != null) {
            throw REFUSED;
        }
    }

    private static String moduleName() {
        Module module = TensorFlowInternals.class.getModule();
        return module.isNamed() ? module.getName() : "ALL-UNNAMED";
    }

    public static TFE_Context context(EagerSession session) {
        try {
            return (TFE_Context) CONTEXT.invokeExact(session);
        } catch (Throwable e) {
            throw unchecked(e);
        }
    }

    /** An operation over handles that stay ours: unlike TensorFlow Java's own builder, nothing attaches them. */
    public static Operation newOperation(
            EagerSession session, TFE_Op op, TFE_TensorHandle[] outputs, String type, String name) {
        try {
            return (Operation) NEW_OPERATION.invokeExact(session, op, outputs, type, name);
        } catch (Throwable e) {
            throw unchecked(e);
        }
    }

    public static Pointer handle(Output<?> output) {
        try {
            return (Pointer) OUTPUT_HANDLE.invokeExact(output);
        } catch (Throwable e) {
            throw unchecked(e);
        }
    }

    public static TF_Tensor handle(RawTensor tensor) {
        try {
            return (TF_Tensor) TENSOR_HANDLE.invokeExact(tensor);
        } catch (Throwable e) {
            throw unchecked(e);
        }
    }

    public static TF_Function handle(ConcreteFunction function) {
        try {
            return (TF_Function) FUNCTION_HANDLE.invokeExact(function);
        } catch (Throwable e) {
            throw unchecked(e);
        }
    }

    /** A typed tensor that owns {@code handle}: closing it frees the native tensor. */
    public static TType tensor(TF_Tensor handle) {
        try {
            return typed((RawTensor) NEW_TENSOR.invokeExact(handle));
        } catch (Throwable e) {
            throw unchecked(e);
        }
    }

    /** The same tensor as one of its type. */
    public static TType typed(RawTensor raw) {
        try {
            return (TType) TYPED_TENSOR.invokeExact(raw);
        } catch (Throwable e) {
            throw unchecked(e);
        }
    }

    private static RuntimeException unchecked(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return e instanceof RuntimeException runtime ? runtime : new IllegalStateException(e);
    }
}
