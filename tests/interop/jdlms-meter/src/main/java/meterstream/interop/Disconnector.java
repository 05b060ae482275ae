package meterstream.interop;

import org.openmuc.jdlms.AttributeAccessMode;
import org.openmuc.jdlms.CosemAttribute;
import org.openmuc.jdlms.CosemClass;
import org.openmuc.jdlms.CosemInterfaceObject;
import org.openmuc.jdlms.CosemMethod;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.datatypes.DataObject.Type;

/** Disconnect control, class 70 (IEC 62056-6-2): connected in the beginning. */
@CosemClass(id = 70, version = 0)
public final class Disconnector extends CosemInterfaceObject {

    private static final int DISCONNECTED = 0;
    private static final int CONNECTED = 1;

    @CosemAttribute(id = 2, type = Type.BOOLEAN, accessMode = AttributeAccessMode.READ_ONLY)
    private DataObject outputState = DataObject.newBoolData(true);

    @CosemAttribute(id = 3, type = Type.ENUMERATE, accessMode = AttributeAccessMode.READ_ONLY)
    private DataObject controlState = DataObject.newEnumerateData(CONNECTED);

    public Disconnector() {
        super("0.0.96.3.10.255");
    }

    public DataObject getOutputState() {
        return outputState;
    }

    public DataObject getControlState() {
        return controlState;
    }

    @CosemMethod(id = 1, consumes = Type.INTEGER)
    public void remoteDisconnect(DataObject zero) {
        turn(DISCONNECTED);
    }

    @CosemMethod(id = 2, consumes = Type.INTEGER)
    public void remoteReconnect(DataObject zero) {
        turn(CONNECTED);
    }

    private void turn(int state) {
        controlState = DataObject.newEnumerateData(state);
        outputState = DataObject.newBoolData(state == CONNECTED);
    }
}
