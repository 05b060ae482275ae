Feature: 001 A meter that cannot be reached, or not in the way that is registered, is told by code

  Scenario: Nothing listens where the meter should be
    Given the meter "TEST1024000000001" of "DSMR 4.2.2" with
      | setting | value |
      | port    | 1     |
    When GetAdministrativeStatus is asked of "TEST1024000000001"
    Then it ends with fault 225 of PROTOCOL_DLMS because of "Port:1 UseHdlc:false"

  Scenario: The address answers nobody
    Given the meter "TEST1024000000001" of "DSMR 4.2.2" at an address that does not answer
    When GetAdministrativeStatus is asked of "TEST1024000000001" with
      | path         | value |
      | @BypassRetry | true  |
    Then it ends with fault 227 of PROTOCOL_DLMS because of "Connection error for device TEST1024000000001"

  Scenario: There is no address
    Given the meter "TEST1024000000001" of "DSMR 4.2.2" without an address
    When GetAdministrativeStatus is asked of "TEST1024000000001"
    Then it ends with fault 212 of PROTOCOL_DLMS because of "TEST1024000000001"

  Scenario: A challenge of as many octets as the standard allows
    Given the meter "TEST1024000000001" of "DSMR 4.2.2" with
      | setting          | value |
      | challenge_length | 64    |
    When GetAdministrativeStatus is asked of "TEST1024000000001"
    Then the answer is OK

  Scenario: A challenge of more octets than the standard allows
    Given the meter "TEST1024000000001" of "DSMR 4.2.2"
    When SetDeviceCommunicationSettings is asked of "TEST1024000000001" with
      | path                                              | value |
      | SetDeviceCommunicationSettingsData/ChallengeLength          | 65    |
      | SetDeviceCommunicationSettingsData/WithListMax              | 16    |
      | SetDeviceCommunicationSettingsData/SelectiveAccessSupported | true  |
      | SetDeviceCommunicationSettingsData/IpAddressIsStatic        | true  |
      | SetDeviceCommunicationSettingsData/UseSn                    | false |
      | SetDeviceCommunicationSettingsData/UseHdlc                  | false |
      | SetDeviceCommunicationSettingsData/Polyphase                | true  |
    Then the answer is OK
    When GetAdministrativeStatus is asked of "TEST1024000000001"
    Then it ends with fault 213 of PROTOCOL_DLMS because of "65"

  Scenario: HLS 3 is on and HLS 5 off
    Given the meter "TEST1024000000001" of "DSMR 4.2.2" with
      | setting     | value |
      | hls3_active | true  |
      | hls5_active | false |
    When GetAdministrativeStatus is asked of "TEST1024000000001"
    Then it ends with fault 413 of PROTOCOL_DLMS because of "hls3"

  Scenario Outline: A key that the association needs is not there, whether or not it would be tried again
    Given the meter "TEST1024000000001" of "DSMR 4.2.2" with
      | setting     | value |
      | lls1_active | true  |
      | hls5_active | false |
    When Bundle is asked of "TEST1024000000001" with
      | path                                     | value    |
      | Actions/1/GetAdministrativeStatusRequest | {}       |
      | @BypassRetry                             | <bypass> |
    Then it ends with fault 806 of PROTOCOL_DLMS because of "LLS_PASSWORD"

    Examples:
      | bypass |
      | true   |
      | false  |

  Scenario: That a key is not there matters more than that the time is over
    Given the meter "TEST1024000000001" of "DSMR 4.2.2" with
      | setting     | value |
      | lls1_active | true  |
      | hls5_active | false |
    When Bundle is asked of "TEST1024000000001" with
      | path                                     | value         |
      | Actions/1/GetAdministrativeStatusRequest | {}            |
      | @MaxScheduleTime                         | 5 minutes ago |
    Then it ends with fault 806 of PROTOCOL_DLMS because of "LLS_PASSWORD"
