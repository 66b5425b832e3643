package org.invp.internal;

import java.lang.foreign.MemorySegment;
import java.util.function.ToIntFunction;

/** A native process group, as other rooms' native calls take it beside their own handles. */
public interface NativeGroup {
  /**
   * Makes one native call that is a collective of the group; its handle stays valid for the length
   * of the call.
   *
   * @param call returns the status of a function of the network's library
   * @throws org.invp.InvpException when a rank is gone or silent, naming it; otherwise as {@link
   *     Status#check} says
   * @throws IllegalStateException if the group is closed
   */
  void collective(ToIntFunction<MemorySegment> call);
}
