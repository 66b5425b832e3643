package org.invp.weights;

import java.math.BigInteger;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/**
 * Reads a Python pickle of protocols 2 to 5 (<a
 * href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">pickletools.py</a>) into
 * plain values: null, {@link Boolean}, {@link Long}, {@link Double}, {@link String}, {@link
 * java.lang.foreign.MemorySegment} (bytes), {@link List}, {@link PickleTuple}, {@link PickleDict},
 * {@link PickleGlobal} and what {@link PickleConstructors} makes of them. Nothing is executed or
 * looked up: whatever asks for a class or function that tensors do not need becomes {@link Opaque},
 * which takes in anything and gives nothing back.
 *
 * <p>Work and memory are bounded: by the counts below and by the length of the input.
 */
final class PickleReader {
  private static final int MOST_OPERATIONS = 1 << 24;
  private static final int MOST_OBJECTS = 1 << 21;
  private static final int DEEPEST = 1 << 10;
  private static final long MOST_TEXT = 64L << 20;
  private static final int LONGEST_NUMBER = 255; // bytes, far more than anybody's seed

  private final PickleInput in;
  private final PickleConstructors constructors;
  private final Deque<List<Object>> outer = new ArrayDeque<>();
  private final Map<Long, Object> memo = new HashMap<>();
  private List<Object> stack = new ArrayList<>();
  private int operations;
  private int objects;
  private long textBytes;

  PickleReader(PickleInput in, PickleConstructors constructors) {
    this.in = in;
    this.constructors = constructors;
  }

  /**
   * Reads up to the end of the pickle; the input then stands behind it.
   *
   * @throws InvalidDataException when the pickle is damaged or beyond a limit
   */
  Object read() {
    while (true) {
      limit(++operations, MOST_OPERATIONS, "operations");
      int code = in.unsignedByte();
      if (code == '.') {
        return pop();
      }
      step(code);
    }
  }

  private void step(int code) {
    switch (code) {
      case 0x80 -> protocol(in.unsignedByte());
      case 0x95 -> in.signedLong(); // FRAME: only a hint
      case '(' -> mark();
      case '0' -> pop();
      case '1' -> popMark();
      case '2' -> push(peek());
      case 'q' -> memo.put((long) in.unsignedByte(), peek());
      case 'r' -> memo.put(in.unsignedInt(), peek());
      case 0x94 -> memo.put((long) memo.size(), peek());
      case 'h' -> recall(in.unsignedByte());
      case 'j' -> recall(in.unsignedInt());
      default -> value(code);
    }
  }

  private void value(int code) {
    switch (code) {
      case 'N' -> push(null);
      case 0x88 -> push(true);
      case 0x89 -> push(false);
      case 'J' -> push((long) in.signedInt());
      case 'K' -> push((long) in.unsignedByte());
      case 'M' -> push((long) in.unsignedShort());
      case 0x8a -> push(whole(in.unsignedByte()));
      case 0x8b -> push(longWhole(in.signedInt()));
      case 'G' -> push(in.bigEndianDouble());
      case 'X' -> text(in.unsignedInt(), StandardCharsets.UTF_8);
      case 0x8c -> text(in.unsignedByte(), StandardCharsets.UTF_8);
      case 0x8d -> text(in.signedLong(), StandardCharsets.UTF_8);
      case 'T' -> text(in.unsignedInt(), StandardCharsets.ISO_8859_1);
      case 'U' -> text(in.unsignedByte(), StandardCharsets.ISO_8859_1);
      case 'B' -> push(in.slice(in.unsignedInt()));
      case 'C' -> push(in.slice(in.unsignedByte()));
      case 0x8e, 0x96 -> push(in.slice(in.signedLong()));
      default -> container(code);
    }
  }

  private void container(int code) {
    switch (code) {
      case ')' -> make(new PickleTuple(List.of()));
      case 't' -> make(tuple(popMark()));
      case 0x85 -> make(tuple(pop(1)));
      case 0x86 -> make(tuple(pop(2)));
      case 0x87 -> make(tuple(pop(3)));
      case ']' -> make(new ArrayList<>(0));
      case 'a' -> append(pop(1));
      case 'e' -> append(popMark());
      case 0x90 -> {
        popMark();
        requireOpaque();
      }
      case '}' -> make(new PickleDict());
      case 's' -> put(pop(2));
      case 'u' -> put(popMark());
      default -> object(code);
    }
  }

  private void object(int code) {
    switch (code) {
      case 'c' -> make(PickleConstructors.global(in.line(), in.line()));
      case 0x93 -> {
        PickleTuple name = tuple(pop(2));
        make(PickleConstructors.global(name.get(0, String.class), name.get(1, String.class)));
      }
      case 'R' -> make(call(pop(2)));
      case 'b' -> {
        Object state = pop();
        PickleConstructors.build(peek(), state);
      }
      case 'Q' -> {
        Object id = pop();
        make(constructors.storage(id));
      }
      default -> opaque(code);
    }
  }

  /** Operations that make objects of classes that are not on the list, whatever they are. */
  private void opaque(int code) {
    switch (code) {
      case 'i' -> {
        Opaque object = new Opaque(in.line() + "." + in.line());
        popMark();
        make(object);
      }
      case 'o' -> {
        List<Object> classAndArguments = popMark();
        make(instance(classAndArguments));
      }
      case 0x81 -> make(instance(pop(2)));
      case 0x92 -> make(instance(pop(3)));
      case 0x8f -> make(new Opaque("a set"));
      case 0x91 -> {
        popMark();
        make(new Opaque("a frozenset"));
      }
      case 0x82 -> make(new Opaque("extension " + in.unsignedByte()));
      case 0x83 -> make(new Opaque("extension " + in.unsignedShort()));
      case 0x84 -> make(new Opaque("extension " + in.unsignedInt()));
      default ->
          throw new InvalidDataException(
              Text.format(
                  "refused: the pickle uses the operation %s, which torch.save does not",
                  PickleOperations.name(code)));
    }
  }

  private static void protocol(int version) {
    if (version < 2 || version > 5) {
      throw new InvalidDataException(
          Text.format("the pickle has protocol %d, known are 2 to 5", version));
    }
  }

  private Object instance(List<Object> classAndArguments) {
    Object type = classAndArguments.isEmpty() ? null : classAndArguments.getFirst();
    if (type instanceof Opaque) {
      return type;
    }
    if (type instanceof PickleGlobal global) {
      return new Opaque("an object of " + global);
    }
    throw damaged();
  }

  /** What a call gives may be as long as the texts that go into it. */
  private Object call(List<Object> functionAndArguments) {
    Opaque unknown =
        functionAndArguments.stream()
            .filter(Opaque.class::isInstance)
            .map(Opaque.class::cast)
            .findFirst()
            .orElse(null);
    if (unknown != null) {
      return unknown;
    }
    PickleTuple call = tuple(functionAndArguments);
    PickleGlobal global = call.get(0, PickleGlobal.class);
    PickleTuple arguments = call.get(1, PickleTuple.class);
    for (Object argument : arguments.values()) {
      if (argument instanceof String text) {
        addText(text.length());
      }
    }
    return constructors.call(global, arguments);
  }

  /**
   * LONG1: two's complement, little endian. What a long cannot hold, such as a seed, is rounded.
   */
  private Object whole(int length) {
    byte[] bytes = new byte[length + 1];
    for (int i = length; i > 0; i--) {
      bytes[i] = (byte) in.unsignedByte();
    }
    bytes[0] = length > 0 && bytes[1] < 0 ? (byte) -1 : 0;
    BigInteger value = new BigInteger(bytes);
    if (value.bitLength() < Long.SIZE) {
      return value.longValue();
    }
    return value.doubleValue();
  }

  /** LONG4: the same with a longer length. */
  private Object longWhole(int length) {
    if (length <= LONGEST_NUMBER && length >= 0) {
      return whole(length);
    }
    in.slice(length);
    return new Opaque(Text.format("a number of %d bytes", length));
  }

  private void text(long length, Charset charset) {
    addText(length);
    push(in.text(length, charset));
  }

  private void addText(long length) {
    textBytes += Math.clamp(length, 0, MOST_TEXT + 1);
    limit(textBytes, MOST_TEXT, "bytes of text");
  }

  private void mark() {
    limit(outer.size() + 1, DEEPEST, "levels of nesting");
    outer.push(stack);
    stack = new ArrayList<>();
  }

  private List<Object> popMark() {
    if (outer.isEmpty()) {
      throw damaged();
    }
    List<Object> items = stack;
    stack = outer.pop();
    return items;
  }

  private List<Object> pop(int count) {
    if (stack.size() < count) {
      throw damaged();
    }
    List<Object> tail = stack.subList(stack.size() - count, stack.size());
    List<Object> items = new ArrayList<>(tail);
    tail.clear();
    return items;
  }

  private Object pop() {
    Object top = peek();
    stack.removeLast();
    return top;
  }

  private Object peek() {
    if (stack.isEmpty()) {
      throw damaged();
    }
    return stack.getLast();
  }

  private void push(Object value) {
    stack.add(value);
  }

  private void make(Object value) {
    limit(++objects, MOST_OBJECTS, "objects");
    push(value);
  }

  private void recall(long key) {
    Object value = memo.get(key);
    if (value == null && !memo.containsKey(key)) {
      throw damaged();
    }
    push(value);
  }

  @SuppressWarnings("unchecked") // Every list on the stack is one that this class made.
  private void append(List<Object> items) {
    if (peek() instanceof ArrayList<?> list) {
      ((List<Object>) list).addAll(items);
    } else {
      requireOpaque();
    }
  }

  private void requireOpaque() {
    if (!(peek() instanceof Opaque)) {
      throw damaged();
    }
  }

  private void put(List<Object> items) {
    if (peek() instanceof Opaque) {
      return;
    }
    if (!(peek() instanceof PickleDict dict) || items.size() % 2 != 0) {
      throw damaged();
    }
    for (int i = 0; i < items.size(); i += 2) {
      dict.put(items.get(i), items.get(i + 1));
    }
  }

  private static PickleTuple tuple(List<Object> items) {
    return new PickleTuple(Collections.unmodifiableList(Arrays.asList(items.toArray())));
  }

  private static void limit(long count, long most, String what) {
    if (count > most) {
      throw new InvalidDataException(
          Text.format("refused: the pickle has more than %,d %s", most, what));
    }
  }

  private InvalidDataException damaged() {
    return new InvalidDataException(
        Text.format("the pickle makes no sense at byte %d: it is damaged", in.position()));
  }
}
