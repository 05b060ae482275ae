package meterstream.cxf;

import jakarta.xml.bind.JAXBException;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.WebServiceException;
import jakarta.xml.ws.handler.MessageContext;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.namespace.QName;
import org.apache.cxf.binding.soap.SoapFault;
import org.apache.cxf.headers.Header;
import org.apache.cxf.jaxb.JAXBDataBinding;
import org.opensmartgridplatform.definitions.smartmetering.sm_adhoc_v1_0.SmartMeteringAdhocPort;
import org.opensmartgridplatform.definitions.smartmetering.sm_adhoc_v1_0.SmartMeteringAdhocPortService;
import org.opensmartgridplatform.schemas.smartmetering.sm_adhoc._2014._10.SynchronizeTimeAsyncRequest;
import org.opensmartgridplatform.schemas.smartmetering.sm_adhoc._2014._10.SynchronizeTimeRequest;
import org.opensmartgridplatform.schemas.smartmetering.sm_adhoc._2014._10.SynchronizeTimeRequestData;

/**
 * Sets a meter's clock with the classes that CXF generated, one step a line of standard input: "request", "retrieve".
 *
 * <p>Arguments: address of the service, value of the Client-Cert header, device. Every step answers with one line.
 */
public final class Client {
  private static final String COMMON = "http://www.opensmartgridplatform.org/schemas/common/2014/10";

  private Client() {}

  public static void main(String[] arguments) throws IOException, JAXBException {
    SmartMeteringAdhocPort port =
        new SmartMeteringAdhocPortService(URI.create(arguments[0] + "?wsdl").toURL())
            .getSmartMeteringAdhocPortSoap11();
    Map<String, Object> context = ((BindingProvider) port).getRequestContext();
    context.put(MessageContext.HTTP_REQUEST_HEADERS, Map.of("Client-Cert", List.of(arguments[1])));
    context.put(Header.HEADER_LIST, headers());
    BufferedReader steps = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String uid = "";
    for (String step = steps.readLine(); step != null; step = steps.readLine()) {
      try {
        if (step.equals("request")) {
          uid = request(port, arguments[2]);
          System.out.println("acknowledged " + uid);
        } else {
          System.out.println("result " + retrieve(port, arguments[2], uid));
        }
      } catch (WebServiceException failure) {
        if (!(failure.getCause() instanceof SoapFault fault)) {
          throw failure;
        }
        System.out.println("fault " + fault.getDetail().getTextContent().strip());
      }
      System.out.flush();
    }
  }

  private static String request(SmartMeteringAdhocPort port, String device) {
    SynchronizeTimeRequestData data = new SynchronizeTimeRequestData();
    data.setTimeZone("Europe/Amsterdam");
    SynchronizeTimeRequest request = new SynchronizeTimeRequest();
    request.setDeviceIdentification(device);
    request.setSynchronizeTimeRequestData(data);
    return port.synchronizeTime(request).getCorrelationUid();
  }

  private static String retrieve(SmartMeteringAdhocPort port, String device, String uid) {
    SynchronizeTimeAsyncRequest request = new SynchronizeTimeAsyncRequest();
    request.setDeviceIdentification(device);
    request.setCorrelationUid(uid);
    return port.getSynchronizeTimeResponse(request).getResult().value();
  }

  private static List<Header> headers() throws JAXBException {
    JAXBDataBinding text = new JAXBDataBinding(String.class);
    List<Header> headers = new ArrayList<>();
    headers.add(new Header(new QName(COMMON, "OrganisationIdentification"), "DemoGridOrg", text));
    headers.add(new Header(new QName(COMMON, "UserName"), "operator", text));
    headers.add(new Header(new QName(COMMON, "ApplicationName"), "Portal", text));
    return headers;
  }
}
